import { beforeAll, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/server/index.js';
import { codeAt, openLiteWorld, password } from '../lite/world.js';
import { plain } from '../mail/smtp.js';

const world = openLiteWorld();
let server: Server;
beforeAll(() => {
  server = createServer(world.dartwing);
});

async function post(path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await server.fetch(
    new Request(`http://dartwing.test/v1/auth${path}`, {
      method: 'POST',
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

const signIn = (name: string, more: object = {}) =>
  post('/sign-in', { email: `${name}@acme.test`, password, ...more });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

it('signs in, goes on with a refresh token that opens once, and ends the session of one that came twice', async () => {
  await world.person('kim');
  const { status, headers, body } = await signIn('kim');
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(body.data).toMatchObject({ kind: 'Tokens', token_type: 'Bearer', expires_in: 300 });
  expect(await world.enter(body.data.access_token, 'acme')).toBe('let in');
  const first = { refresh_token: body.data.refresh_token };
  const next = await post('/refresh', first);
  expect(next.status).toBe(200);
  expect((await post('/refresh', first)).body.error.code).toBe('REFRESH_TOKEN_INVALID');
  expect((await post('/refresh', { refresh_token: next.body.data.refresh_token })).status).toBe(401);
  expect(await world.enter(next.body.data.access_token)).toBe('SESSION_ENDED');
});

it('signs out, once as twice', async () => {
  const { data } = (await signIn('kim')).body;
  const token = { refresh_token: data.refresh_token };
  expect((await post('/sign-out', token)).body.data).toMatchObject({ kind: 'SignOut', ended: 1 });
  expect((await post('/sign-out', token)).body.data.ended).toBe(0);
  expect(await world.enter(data.access_token)).toBe('SESSION_ENDED');
});

it('answers wrong passwords and unknown addresses alike, and makes whoever guesses wait', async () => {
  const guess = async (name: string) => {
    const { status, headers, body } = await signIn(name, { password: 'Wrong-horse-99' });
    return { status, wait: headers.get('retry-after'), error: body.error };
  };
  expect(await guess('kim')).toEqual(await guess('nobody'));
  let last = await guess('kim');
  for (let attempt = 0; attempt < 5 && last.status === 401; attempt++) last = await guess('kim');
  expect([last.status, last.error.code]).toEqual([429, 'SIGN_IN_LIMITED']);
  expect(Number(last.wait)).toBeGreaterThan(0);
  await world.forgive();
});

it('mails a reset without telling who is known, and sets a password once', async () => {
  const known = await post('/password/reset', { email: 'kim@acme.test' });
  const unknown = await post('/password/reset', { email: 'nobody@acme.test' });
  expect([known.status, known.body]).toEqual([202, unknown.body]);
  await expect.poll(() => world.smtp.received.length, { timeout: 10_000 }).toBe(1);
  const { to, raw } = world.smtp.received[0]!;
  expect(to).toEqual(['kim@acme.test']);
  const link = /https:\/\/acme\.test\S*#dwr_[\w-]{43}/.exec(plain(raw))![0];
  const next = { token: link, password: 'Better-horse-10' };
  expect((await post('/password/reset/confirm', { ...next, password: 'short' })).body.error.code).toBe(
    'PASSWORD_WEAK',
  );
  expect((await post('/password/reset/confirm', next)).status).toBe(200);
  expect((await post('/password/reset/confirm', next)).body.error.code).toBe('RESET_TOKEN_INVALID');
  expect((await signIn('kim', { password: next.password })).status).toBe(200);
});

it('changes the own password only with the current one', async () => {
  await world.person('lea');
  const { access_token: token } = (await signIn('lea')).body.data;
  const change = (current: string) => post('/password', { current, next: 'Fresher-horse-11' }, bearer(token));
  expect((await change('Wrong-horse-99')).body.error.code).toBe('SIGN_IN_FAILED');
  expect((await change(password)).body.data).toMatchObject({ password: { sealed: true } });
  expect((await signIn('lea')).status).toBe(401);
  await world.forgive();
});

it('makes a second factor, asks for its code from the confirmation on, and keeps no secret for a repeated call', async () => {
  await world.person('max');
  const { access_token: token } = (await signIn('max')).body.data;
  const made = await post('/totp', undefined, { ...bearer(token), 'idempotency-key': 'once' });
  const { secret, uri, recovery_codes: codes } = made.body.meta;
  expect([made.status, uri, codes.length]).toEqual([200, expect.stringMatching(/^otpauth:/), 10]);
  const { rowCount } = await world.database.admin.query(
    'select from idempotency i where i.answer::text like $1',
    [`%${secret}%`],
  );
  expect(rowCount).toBe(0);
  expect((await post('/totp/confirm', { code: '12' }, bearer(token))).body.error.code).toBe(
    'SECOND_FACTOR_WRONG',
  );
  expect((await post('/totp/confirm', { code: codeAt(secret, world.now()) }, bearer(token))).status).toBe(
    200,
  );
  expect((await signIn('max')).body.error.code).toBe('SECOND_FACTOR_REQUIRED');
  expect((await signIn('max', { code: codes[0] })).status).toBe(200);
});

it('asks who calls before anything of an account is changed, and knows no rehearsal of a sign-in', async () => {
  for (const path of ['/password', '/totp', '/totp/confirm'])
    expect([path, (await post(path, {})).status]).toEqual([path, 401]);
  expect((await post('/sign-in?dry_run=true', { email: 'max@acme.test', password })).status).toBe(400);
});
