/** Back-channel logout: security paper §8.3 and §10, item 43. */
import { describe, expect, test } from 'vitest';
import { audience } from './test-issuer.js';
import { codeOf, openWorld } from './world.js';

const world = openWorld();
const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
const ana = { sub: 'ana', email: 'ana@acme.test' };
let number = 0;

/** A logout token of Keycloak's shape; `undefined` takes a claim away. */
const logoutToken = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  world.realm.sign(
    {
      aud: audience,
      typ: 'Logout',
      jti: `logout-${++number}`,
      events,
      auth_time: undefined,
      acr: undefined,
      azp: undefined,
      email: undefined,
      ...claims,
    },
    header,
  );
const obey = async (token: string) => world.dartwing.identity.logoutToken(token);

describe('a logout token', () => {
  test('with a session ends that one', async () => {
    await world.enter({ ...ana, sid: 'one' });
    await world.enter({ ...ana, sid: 'two' });
    expect(await obey(await logoutToken({ sub: 'ana', sid: 'one' }))).toEqual({ ended: 1 });
    expect(await world.refusal({ ...ana, sid: 'one' })).toBe('SESSION_ENDED');
    expect(await world.refusal({ ...ana, sid: 'two' })).toBe('let in');
  });

  test('with a subject only ends all of them, and tokens issued until then', async () => {
    await world.enter({ ...ana, sid: 'three' });
    const token = await logoutToken({ sub: 'ana', sid: undefined, exp: undefined }, { typ: 'logout+jwt' });
    expect((await obey(token)).ended).toBeGreaterThan(0);
    expect(await world.refusal({ ...ana, sid: 'three' })).toBe('SESSION_ENDED');
    expect(await world.refusal({ ...ana, sid: 'unseen' })).toBe('SESSION_ENDED');
    await world.database.admin.query('update identity_link set signed_out_at = null');
  });

  test('closes a session that nobody has used yet', async () => {
    expect(await obey(await logoutToken({ sub: undefined, sid: 'early' }))).toEqual({ ended: 0 });
    expect(await world.refusal({ ...ana, sid: 'early' })).toBe('SESSION_ENDED');
  });

  test('for nobody is no error', async () => {
    expect(await obey(await logoutToken({ sub: 'nobody', sid: undefined }))).toEqual({ ended: 0 });
  });

  test('works once, in whichever process', async () => {
    const token = await logoutToken({ sub: 'ana', sid: 'again' });
    const answers = await Promise.all(
      [world.dartwing, world.other, world.dartwing].map(({ identity }) =>
        codeOf(identity.logoutToken(token)),
      ),
    );
    expect(answers.toSorted()).toEqual(['LOGOUT_TOKEN_INVALID', 'LOGOUT_TOKEN_INVALID', 'let in']);
  });

  test.each([
    ['with a nonce', { nonce: 'n' }, {}],
    ['without events', { events: undefined }, {}],
    ['of another event', { events: { 'http://evil.test': {} } }, {}],
    ['with events as text', { events: 'http://schemas.openid.net/event/backchannel-logout' }, {}],
    ['without session and subject', { sub: undefined, sid: undefined }, {}],
    ['without an id', { jti: undefined }, {}],
    ['for another audience', { aud: 'other' }, {}],
    ['three minutes old', { iat: Math.floor(Date.now() / 1000) - 180 }, {}],
    ['expired', { exp: Math.floor(Date.now() / 1000) - 10 }, {}],
    ['that is an ID token', { typ: 'ID' }, {}],
    ['that is an access token', { typ: 'Bearer' }, {}],
    ['with the type of an access token', {}, { typ: 'at+jwt' }],
  ])('%s is refused', async (_, claims, header) => {
    expect(await codeOf(obey(await logoutToken({ sub: 'ana', sid: 'kept', ...claims }, header)))).toBe(
      'LOGOUT_TOKEN_INVALID',
    );
    expect(await world.refusal({ ...ana, sid: 'kept' })).toBe('let in');
  });

  test('unsigned is refused', async () => {
    const [, payload] = (await logoutToken({ sub: 'ana' })).split('.');
    const header = Buffer.from('{"alg":"none","typ":"logout+jwt"}').toString('base64url');
    expect(await codeOf(obey(`${header}.${payload}.`))).toBe('LOGOUT_TOKEN_INVALID');
  });
});

test('signing out ends the session of the token', async () => {
  const claims = { ...ana, sid: 'mine' };
  await world.enter(claims);
  expect(await world.dartwing.identity.signOut(await world.realm.sign(claims))).toEqual({ ended: 1 });
  expect(await world.refusal(claims)).toBe('SESSION_ENDED');
});
