/** Browsers that sign in at a real provider, over a real listener. */
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { createDartwing, type Dartwing, systemClock } from '../../src/core/index.js';
import { createServer } from '../../src/server/index.js';
import { browse, openRealProvider, type RealProvider } from '../identity/real-provider.js';
import { audience } from '../identity/test-issuer.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { unlimited } from './world.js';

let home: string;
let provider: RealProvider;
let database: TestDatabase;
let dartwing: Dartwing;
let options: Parameters<typeof testOptions>[1];

beforeAll(async () => {
  let answer: RequestListener = (_, response) => void response.end();
  const listener = createHttpServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise<void>((resolve) => void listener.close(() => resolve())));
  home = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  provider = await openRealProvider({
    client: {
      client_id: 'dartwing-web',
      redirect_uris: [`${home}/v1/auth/callback`],
      post_logout_redirect_uris: [`${home}/`],
      grant_types: ['authorization_code', 'refresh_token'],
      backchannel_logout_uri: `${home}/v1/auth/backchannel-logout`,
      backchannel_logout_session_required: true,
    },
  });
  options = {
    clock: systemClock,
    identity: { issuers: [{ issuer: provider.issuer, audience }], createPersons: true },
    browser: { clientId: 'dartwing-web' },
    publicUrl: home,
    rates: unlimited,
  };
  ({ database, dartwing } = await openTestDartwing(options));
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  answer = createServer(dartwing, { allowedOrigins: ['https://app.acme.test'] }).handler;
});

type Jar = Map<string, string>;

async function ask(jar: Jar, path: string, init: RequestInit = {}) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const headers = {
    cookie,
    ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...init.headers,
  };
  const response = await fetch(`${home}${path}`, { redirect: 'manual', ...init, headers });
  const text = await response.text();
  const body = text.startsWith('{') ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, body, code: body?.error?.code };
}

async function signIn(account: string, jar: Jar = new Map(), returnTo = '/v1/auth/session'): Promise<Jar> {
  await browse(`${home}/v1/auth/login?return_to=${encodeURIComponent(returnTo)}`, account, {}, jar);
  return jar;
}

const who = (jar: Jar) => ask(jar, '/v1/auth/session');
const secretOf = (jar: Jar) => jar.get('dartwing') ?? '';
const set = (column: string, jar: Jar, minutes: number) =>
  database.admin.query(
    `update identity_session set ${column} = now() - make_interval(mins => $1)
     where id_hash = sha256(convert_to($2, 'UTF8'))`,
    [minutes, JSON.stringify(['browser', secretOf(jar)])],
  );

describe('signing in with a browser', () => {
  it('T-I5 makes person, account and personal organization at the first sign-in, and nothing at the second', async () => {
    const jar = await signIn('cara');
    const { status, body } = await who(jar);
    expect([status, body.data.kind, body.data.account]).toEqual([200, 'SignedIn', 'cara@acme.test']);
    const count = async () =>
      (
        await database.admin.query(
          `select (select count(*) from person)::int as persons, (select count(*) from organization)::int as organizations,
             (select count(*) from user_account)::int as accounts, (select count(*) from permission_grant)::int as grants`,
        )
      ).rows[0];
    const before = await count();
    expect((await ask(jar, '/v1/organizations')).body.data).toHaveLength(1);
    await signIn('cara', new Map());
    expect(await count()).toEqual(before);
  });

  it('T-I1 asks with PKCE S256, state and nonce, and keeps them in a cookie that only we read', async () => {
    const { status, headers } = await ask(new Map(), '/v1/auth/login?return_to=/app');
    const asked = new URL(headers.get('location')!).searchParams;
    expect(status).toBe(303);
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('redirect_uri')).toBe(`${home}/v1/auth/callback`);
    const [cookie = ''] = headers.getSetCookie();
    expect(cookie).toMatch(/^dartwing_sign_in=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
    for (const name of ['state', 'nonce', 'code_challenge']) expect(cookie).not.toContain(asked.get(name));
    expect(headers.get('cache-control')).toBe('no-store');
    const strong = await ask(new Map(), '/v1/auth/login?strong=true');
    const more = new URL(strong.headers.get('location')!).searchParams;
    expect([more.get('acr_values'), more.get('max_age')]).toEqual(['2', '0']);
  });

  it('keeps a session as a hash, and nothing that opens anything', async () => {
    const jar = await signIn('ana');
    expect(secretOf(jar)).toMatch(/^dws_[\w-]{43}$/);
    expect(jar.get('dartwing_sign_in')).toBe('');
    const { rows } = await database.admin.query<{ row: string }>(
      'select s::text as row from identity_session s',
    );
    const all = rows.map(({ row }) => row).join();
    for (const text of [
      secretOf(jar),
      Buffer.from(secretOf(jar)).toString('hex'),
      Buffer.from('eyJ').toString('hex'),
    ])
      expect(all).not.toContain(text);
    expect((await ask(jar, '/v1/organizations/acme')).body.data.slug).toBe('acme');
    expect((await ask(jar, '/v1/organizations/acme')).headers.get('vary')).toContain('Cookie');
  });

  it('lets nobody end in another browser what was begun in this one', async () => {
    const mine: Jar = new Map();
    const { headers } = await ask(mine, '/v1/auth/login');
    // Somebody else signs in with the address of mine, and later sends me what came back.
    const theirs = await browse(headers.get('location')!, 'mallory', {}, new Map());
    expect(theirs).toContain('SIGN_IN_INTERRUPTED');
    for (const [name, value] of headers.getSetCookie().map((line) => line.split(';')[0]!.split('=')))
      mine.set(name!, value!);
    const state = new URL(headers.get('location')!).searchParams.get('state');
    for (const query of ['', '?state=other&code=x', `?code=x`, `?state=${state}&state=x&code=x`])
      expect([query, [400, 401]]).toEqual([
        query,
        expect.arrayContaining([(await ask(mine, `/v1/auth/callback${query}`)).status]),
      ]);
    // The right browser with a code that is none.
    expect((await ask(mine, `/v1/auth/callback?state=${state}&code=x&iss=${provider.issuer}`)).code).toBe(
      'LOGIN_FAILED',
    );
    mine.set('dartwing_sign_in', `${mine.get('dartwing_sign_in')}x`);
    expect((await ask(mine, `/v1/auth/callback?state=${state}&code=x`)).code).toBe('SIGN_IN_INTERRUPTED');
  });

  it('tells when the provider says no', async () => {
    const jar: Jar = new Map();
    const { headers } = await ask(jar, '/v1/auth/login');
    for (const line of headers.getSetCookie()) jar.set(line.split('=')[0]!, line.split(/[=;]/)[1]!);
    const state = new URL(headers.get('location')!).searchParams.get('state');
    const { status, code } = await ask(
      jar,
      `/v1/auth/callback?error=access_denied&state=${state}&iss=${encodeURIComponent(provider.issuer)}`,
    );
    expect([status, code]).toEqual([401, 'LOGIN_FAILED']);
  });

  it('goes on with no session that was planted before, and ends the former one', async () => {
    const victim: Jar = new Map([['dartwing', `dws_${'A'.repeat(43)}`]]);
    await signIn('ana', victim);
    expect(secretOf(victim)).not.toBe(`dws_${'A'.repeat(43)}`);
    const former: Jar = new Map(victim);
    await signIn('ana', victim);
    expect([(await who(victim)).status, (await who(former)).code]).toEqual([200, 'SESSION_ENDED']);
  });

  it.each([
    'https://evil.test/',
    '//evil.test',
    '/\\evil.test',
    '/\tevil',
    '/.//evil.test',
    '/x/..//evil.test',
    'javascript:alert(1)',
    'evil',
    '',
    `/${'x'.repeat(1_000)}`,
  ])('goes to no other host afterwards: %#', async (path) => {
    const { status, code } = await ask(new Map(), `/v1/auth/login?return_to=${encodeURIComponent(path)}`);
    expect([status, code]).toEqual([400, 'VALIDATION_ERROR']);
  });
});

describe('a cookie', () => {
  let ana: Jar;
  beforeAll(async () => {
    ana = await signIn('ana');
  });
  const write = (jar: Jar, headers: Record<string, string>) =>
    ask(jar, '/v1/organizations/acme/equipment', {
      method: 'POST',
      body: JSON.stringify({ equipment_name: 'Crane' }),
      headers,
    });

  it.each([
    ['of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }],
    ['of a neighbouring host', { 'sec-fetch-site': 'same-site', origin: 'https://evil.acme.test' }],
    ['of an older browser elsewhere', { origin: 'https://evil.test' }],
    ['of a page without origin', { origin: 'null' }],
    ['of nobody who says from where', {}],
    ['that a link makes', { 'sec-fetch-site': 'none' }],
  ])('writes nothing for a page %s', async (_, headers) => {
    const { status, code } = await write(ana, headers);
    expect([status, code]).toEqual([403, 'CROSS_SITE_REFUSED']);
    const logout = await ask(ana, '/v1/auth/logout', { method: 'POST', headers });
    expect([logout.code, (await who(ana)).status]).toEqual(['CROSS_SITE_REFUSED', 200]);
  });

  it('writes for pages of ours, and reads for any that the browser lets', async () => {
    const answers = [
      await write(ana, { 'sec-fetch-site': 'same-origin' }),
      await write(ana, { origin: home }),
      await write(ana, { 'sec-fetch-site': 'same-site', origin: 'https://app.acme.test' }),
      await ask(ana, '/v1/organizations/acme', { headers: { 'sec-fetch-site': 'cross-site' } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 200]);
    // A header is set on purpose, so it counts for itself, and wrong as it is.
    const both = await write(ana, { authorization: 'Bearer x', 'sec-fetch-site': 'same-origin' });
    expect(both.status).toBe(401);
  });

  it.each(['', 'x', 'dws_', `dws_${'B'.repeat(43)}`, `dws_${'B'.repeat(20_000)}`])(
    'that we never gave opens nothing: %#',
    async (value) => {
      const { status, code } = await who(new Map([['dartwing', value]]));
      // What is longer than headers may be is refused before anybody reads it.
      expect(value.length > 10_000 ? [431, 401] : [401]).toContain(status);
      if (status === 401) expect(code).toBe('UNAUTHENTICATED');
    },
  );

  it('is for this host only and over https where there is any', async () => {
    const secure = await createDartwing(
      testOptions(database, { ...options, publicUrl: 'https://app.acme.test' }),
    );
    try {
      const response = await createServer(secure).fetch(new Request('https://app.acme.test/v1/auth/login'));
      expect(response.headers.getSetCookie()[0]).toMatch(
        /^__Host-dartwing_sign_in=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
    } finally {
      await secure.close();
    }
    const plain = createDartwing(testOptions(database, { ...options, publicUrl: 'http://app.acme.test' }));
    await expect(plain).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('a session', () => {
  it.each([
    ['was idle for half an hour', 'last_seen_at', 31],
    ['has lasted ten hours', 'started_at', 601],
  ])('that %s has ended for good', async (_, column, minutes) => {
    const jar = await signIn('ana');
    await set(column, jar, minutes);
    expect((await who(jar)).code).toBe('SESSION_ENDED');
    // The provider still knows who it is, under the same session of its own.
    await signIn('ana', jar);
    expect((await who(jar)).status).toBe(200);
  });

  it('ends when the strictest organization of the person says so, and asks for a second factor where one does', async () => {
    const jar = await signIn('ana');
    await database.admin.query("update organization set session_timeout_minutes = 5 where slug = 'acme'");
    await set('last_seen_at', jar, 4);
    expect((await who(jar)).status).toBe(200);
    await set('last_seen_at', jar, 6);
    expect((await who(jar)).code).toBe('SESSION_ENDED');
    await signIn('ana', jar);
    await database.admin.query("update organization set mfa_required = true where slug = 'acme'");
    const { code, headers } = await ask(jar, '/v1/organizations/acme');
    expect(code).toBe('MFA_REQUIRED');
    expect(headers.get('www-authenticate')).toContain('acr_values="2"');
    await database.admin.query(
      "update organization set mfa_required = false, session_timeout_minutes = 30 where slug = 'acme'",
    );
  });

  it('ends with an administrator, a disabled account and an inactive person', async () => {
    const jar = await signIn('dora');
    const { admin } = database;
    const { rows } = await admin.query<{ id: string }>(
      "select id from person where primary_email = 'dora@acme.test'",
    );
    await admin.query("update user_account set enabled = false where name = 'dora@acme.test'");
    expect((await who(jar)).code).toBe('SIGN_IN_REFUSED');
    await admin.query("update user_account set enabled = true where name = 'dora@acme.test'");
    expect((await who(jar)).status).toBe(200);
    await admin.query("update person set status = 'inactive' where id = $1", [rows[0]!.id]);
    expect((await who(jar)).code).toBe('SIGN_IN_REFUSED');
    await dartwing.identity.revokeSessions(rows[0]!.id);
    expect((await who(jar)).code).toBe('SESSION_ENDED');
  });
});

describe('signing out', () => {
  const own = { 'sec-fetch-site': 'same-origin' };

  it('ends the session here at once, and names the page that ends the one of the provider', async () => {
    const jar = await signIn('ana');
    const other: Jar = new Map([...jar].filter(([name]) => !name.startsWith('dartwing')));
    await signIn('ana', other);
    const former = new Map(jar);
    const { body, headers } = await ask(jar, '/v1/auth/logout', { method: 'POST', headers: own });
    expect(body.data).toMatchObject({ kind: 'Logout', ended: true });
    expect(headers.getSetCookie()[0]).toMatch(/^dartwing=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax$/);
    expect((await who(former)).code).toBe('SESSION_ENDED');
    expect((await who(other)).status).toBe(200);
    // There the provider tells us of it, and the other session from the same sign-in ends as well.
    await browse(body.data.end_session_url, '', { logout: 'yes' }, other);
    await expect.poll(async () => (await who(other)).code, { timeout: 10_000 }).toBe('SESSION_ENDED');
    const again = await ask(former, '/v1/auth/logout', { method: 'POST', headers: own });
    expect(again.body.data).toMatchObject({ ended: false, end_session_url: null });
  });

  it('leads a page that navigates to the provider', async () => {
    const jar = await signIn('ana');
    // What fetch of Node says of its own mode cannot be changed.
    const { status, headers } = await createServer(dartwing).fetch(
      new Request(`${home}/v1/auth/logout`, {
        method: 'POST',
        headers: { ...own, 'sec-fetch-mode': 'navigate', cookie: `dartwing=${secretOf(jar)}` },
      }),
    );
    expect([status, headers.get('location')]).toEqual([
      303,
      expect.stringContaining(`${provider.issuer}/session/end?`),
    ]);
  });

  it('takes no logout token that is none', async () => {
    const post = (body: string, type: string) =>
      ask(new Map(), '/v1/auth/backchannel-logout', {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      });
    const form = 'application/x-www-form-urlencoded';
    expect((await post('logout_token=x', form)).code).toBe('LOGOUT_TOKEN_INVALID');
    expect((await post('', form)).status).toBe(400);
    expect((await post('logout_token=x&logout_token=y', form)).code).toBe('BODY_INVALID');
    expect((await post('{"logout_token":"x"}', 'application/json')).status).toBe(415);
  });

  it('T-I7 succeeds here while the provider is down', async () => {
    const jar = await signIn('ana');
    await provider.close();
    const other = await createDartwing(testOptions(database, options));
    try {
      const { ended, address } = await other.browser.signOut(secretOf(jar));
      expect([ended, address]).toEqual([true, undefined]);
      expect((await who(jar)).code).toBe('SESSION_ENDED');
      const login = await createServer(other).fetch(new Request(`${home}/v1/auth/login`));
      expect(login.status).toBe(503);
    } finally {
      await other.close();
    }
  });
});
