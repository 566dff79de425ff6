/** Attacks on access tokens: security paper §10, item 42. Every one has its own code, none gets through. */
import { createHmac } from 'node:crypto';
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openVerifier, type Verifier } from '../../src/core/identity/index.js';
import { fakeClock } from '../../src/core/index.js';
import { audience, openTestIssuer, type TestIssuer } from './test-issuer.js';

const clock = fakeClock('2026-11-23T10:00:00.000Z');
let realm: TestIssuer;
let verifier: Verifier;

beforeAll(async () => {
  realm = await openTestIssuer(clock);
});
beforeEach(() => {
  realm.recover();
  verifier = openVerifier({
    issuers: [{ issuer: realm.issuer, audience, clients: ['dartwing-web'] }],
    clock,
  });
});

const refusal = (token: string) =>
  verifier.verify(token).then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  );
const seconds = (more: number) => Math.floor(clock.now().getTime() / 1000) + more;

describe('a token of the realm', () => {
  test('tells who, how strongly, until when, and in which groups', async () => {
    const identity = await verifier.verify(
      await realm.sign({ groups: ['/dartwing/users'], amr: ['pwd', 'otp'] }),
    );
    expect(identity).toMatchObject({
      iss: realm.issuer,
      sub: '5b7a1f0e-ana',
      sid: 'b6f1-session',
      email: 'ana@acme.test',
      emailVerified: true,
      acr: '1',
      amr: ['pwd', 'otp'],
      authTime: clock.now(),
      groups: ['/dartwing/users'],
      roles: ['offline_access'],
      expiresAt: new Date(clock.now().getTime() + 300_000),
    });
  });

  test('without the claim groups is not in no group: nothing is known', async () => {
    expect((await verifier.verify(await realm.sign())).groups).toBeUndefined();
    expect((await verifier.verify(await realm.sign({ groups: [] }))).groups).toEqual([]);
  });

  test('may be an RFC 9068 access token', async () => {
    expect(await refusal(await realm.sign({ typ: undefined }, { typ: 'at+jwt' }))).toBe('accepted');
  });

  test.each([
    ['an e-mail verified by the text "true"', { email_verified: 'true' }],
    ['an e-mail verified by 1', { email_verified: 1 }],
  ])('with %s has no verified e-mail', async (_, claims) => {
    expect((await verifier.verify(await realm.sign(claims))).emailVerified).toBe(false);
  });
});

describe('refused with a code of its own', () => {
  test.each([
    ['another issuer', 'TOKEN_ISSUER', { iss: 'https://evil.test/realms/dartwing-test' }],
    ['the issuer with a slash more', 'TOKEN_ISSUER', () => ({ iss: `${realm.issuer}/` })],
    [
      'another realm of the same host',
      'TOKEN_ISSUER',
      () => ({ iss: realm.issuer.replace('-test', '-dev') }),
    ],
    ['no issuer', 'TOKEN_ISSUER', { iss: undefined }],
    ['another audience', 'TOKEN_AUDIENCE', { aud: 'account' }],
    ['no audience', 'TOKEN_AUDIENCE', { aud: undefined }],
    ['another client', 'TOKEN_CLIENT', { azp: 'evil-app' }],
    ['no client', 'TOKEN_CLIENT', { azp: undefined }],
    ['an end in the past', 'TOKEN_EXPIRED', () => ({ exp: seconds(-6), iat: seconds(-300) })],
    ['no end', 'TOKEN_MALFORMED', { exp: undefined }],
    ['an end that is a text', 'TOKEN_MALFORMED', { exp: 'tomorrow' }],
    ['an old issue and a late end', 'TOKEN_EXPIRED', () => ({ iat: seconds(-700), exp: seconds(9_000) })],
    ['a beginning in the future', 'TOKEN_NOT_YET_VALID', () => ({ nbf: seconds(60) })],
    ['an issue in the future', 'TOKEN_NOT_YET_VALID', () => ({ iat: seconds(60), exp: seconds(360) })],
    ['no subject', 'TOKEN_MALFORMED', { sub: undefined }],
    ['the kind of an ID token', 'TOKEN_KIND', { typ: 'ID' }],
    ['the kind of a refresh token', 'TOKEN_KIND', { typ: 'Refresh' }],
    ['the kind of an offline token', 'TOKEN_KIND', { typ: 'Offline' }],
    ['the kind of a logout token', 'TOKEN_KIND', { typ: 'Logout' }],
    ['no kind', 'TOKEN_KIND', { typ: undefined }],
  ] as const)('%s: %s', async (_, code, claims) => {
    expect(await refusal(await realm.sign(typeof claims === 'function' ? claims() : claims))).toBe(code);
  });

  test('a logout token by its header, even when the claim says Bearer', async () => {
    expect(await refusal(await realm.sign({}, { typ: 'logout+jwt' }))).toBe('TOKEN_KIND');
  });

  test('clocks may differ by five seconds and no more', async () => {
    expect(await refusal(await realm.sign({ exp: seconds(-4) }))).toBe('accepted');
    expect(await refusal(await realm.sign({ iat: seconds(4) }))).toBe('accepted');
    expect(await refusal(await realm.sign({ iat: seconds(7) }))).toBe('TOKEN_NOT_YET_VALID');
  });

  test('alg none', async () => {
    const token = new UnsecuredJWT({ iss: realm.issuer, aud: audience, sub: 'x', typ: 'Bearer' }).encode();
    expect(await refusal(token)).toBe('TOKEN_ALGORITHM');
  });

  test('HS256 with the public key as the secret', async () => {
    const key = await importJWK(await realm.publicJwk(), 'RS256', { extractable: true });
    const [, payload] = (await realm.sign()).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: 'first' })).toString(
      'base64url',
    );
    const secret = await exportSPKI(key as Parameters<typeof exportSPKI>[0]);
    const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
    expect(await refusal(`${header}.${payload}.${signature}`)).toBe('TOKEN_ALGORITHM');
  });

  test('a key that the token brings along', async () => {
    const other = await openTestIssuer(clock);
    const claims = { iss: realm.issuer };
    expect(await refusal(await other.sign(claims, { jwk: await other.publicJwk() }))).toBe('TOKEN_SIGNATURE');
    expect(await refusal(await other.sign(claims, { jku: `${other.issuer}/keys` }))).toBe('TOKEN_SIGNATURE');
    expect(other.reads()).toBe(0);
  });

  test('a changed payload and a cut signature', async () => {
    const [header, payload, signature] = (await realm.sign()).split('.');
    const forged = Buffer.from(
      Buffer.from(payload!, 'base64url').toString().replace('5b7a1f0e-ana', '5b7a1f0e-bob'),
    ).toString('base64url');
    expect(await refusal(`${header}.${forged}.${signature}`)).toBe('TOKEN_SIGNATURE');
    expect(await refusal(`${header}.${payload}.`)).toBe('TOKEN_SIGNATURE');
  });

  test('an unknown critical header', async () => {
    const token = await realm.sign({}, { crit: ['x'], x: 1 }).catch(() => undefined);
    const [, payload, signature] = (token ?? (await realm.sign())).split('.');
    const header = Buffer.from('{"alg":"RS256","typ":"JWT","kid":"first","crit":["x"],"x":1}').toString(
      'base64url',
    );
    expect(await refusal(`${header}.${payload}.${signature}`)).toBe('TOKEN_MALFORMED');
  });

  test.each([
    ['unknown', 'third'],
    ['with a path', '../../../../etc/passwd'],
    ['with a URL', 'http://127.0.0.1:1/keys'],
    ['with SQL', "' union select 'x"],
    ['of 10,000 letters', 'k'.repeat(10_000)],
    ['of a prototype', '__proto__'],
  ])('a key id %s', async (_, kid) => {
    expect(await refusal(await realm.sign({}, { kid }))).toBe('TOKEN_UNKNOWN_KEY');
  });

  test('a key id that is no text', async () => {
    const [, payload, signature] = (await realm.sign()).split('.');
    const header = Buffer.from('{"alg":"RS256","kid":{"x":1}}').toString('base64url');
    expect(await refusal(`${header}.${payload}.${signature}`)).toBe('TOKEN_MALFORMED');
  });

  test('a huge token, and texts that are none', async () => {
    expect(await refusal(await realm.sign({ padding: 'x'.repeat(20_000) }))).toBe('TOKEN_TOO_LARGE');
    for (const text of ['', '.', '..', 'a.b.c', '\u0000.\u0000.\u0000', '🦊', 'null.null.null'])
      expect(await refusal(text)).toBe('TOKEN_MALFORMED');
  });

  test('realm confusion: a key of one trusted issuer signs for the other', async () => {
    const other = await openTestIssuer(clock);
    verifier = openVerifier({
      issuers: [realm, other].map(({ issuer }) => ({ issuer, audience })),
      clock,
    });
    expect(await refusal(await other.sign())).toBe('accepted');
    expect(await refusal(await other.sign({ iss: realm.issuer }))).toBe('TOKEN_SIGNATURE');
  });

  test('an elliptic signature under the name of an RSA one', async () => {
    const token = await new SignJWT({ iss: realm.issuer })
      .setProtectedHeader({ alg: 'HS512' })
      .sign(Buffer.alloc(64, 1));
    expect(await refusal(token)).toBe('TOKEN_ALGORITHM');
  });
});

describe('the keys of the issuer', () => {
  test('200 invented key ids cost it no call', async () => {
    await verifier.verify(await realm.sign());
    const before = realm.reads();
    const tokens = await Promise.all(Array.from({ length: 200 }, (_, n) => realm.sign({}, { kid: `k${n}` })));
    for (const token of tokens) expect(await refusal(token)).toBe('TOKEN_UNKNOWN_KEY');
    expect(realm.reads()).toBe(before);
  });

  test('callers at the same time share one call', async () => {
    const token = await realm.sign();
    const before = realm.reads();
    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(token)));
    expect(realm.reads()).toBe(before + 1);
  });

  test('a new key is found after the pause, the old one is gone then', async () => {
    const old = await realm.sign({ exp: seconds(400) });
    await verifier.verify(old);
    await realm.rotate('second');
    expect(await refusal(await realm.sign())).toBe('TOKEN_UNKNOWN_KEY');
    clock.advance(30_000);
    expect(await refusal(await realm.sign())).toBe('accepted');
    expect(await refusal(old)).toBe('TOKEN_UNKNOWN_KEY');
  });

  test('an issuer that is away: known keys serve for an hour, new ones are not believed', async () => {
    await verifier.verify(await realm.sign());
    realm.answer(503, 'text/plain', 'away');
    clock.advance(59 * 60_000);
    expect(await refusal(await realm.sign())).toBe('accepted');
    expect(await refusal(await realm.sign({}, { kid: 'new' }))).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
    clock.advance(2 * 60_000);
    expect(await refusal(await realm.sign())).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
    realm.recover();
    clock.advance(30_000);
    expect(await refusal(await realm.sign())).toBe('accepted');
  });

  test.each([
    ['HTML', 200, 'text/html', '<html>Sign in</html>'],
    ['a list', 200, 'application/json', '[]'],
    ['10 MB', 200, 'application/json', JSON.stringify({ issuer: 'x', padding: 'x'.repeat(10_000_000) })],
    [
      'another issuer',
      200,
      'application/json',
      '{"issuer":"https://evil.test","jwks_uri":"https://evil.test/keys"}',
    ],
    ['an error', 500, 'application/json', '{}'],
    ['a redirection', 302, 'text/plain', ''],
  ])('an issuer that answers %s', async (_, status, type, body) => {
    realm.answer(status, type, body);
    expect(await refusal(await realm.sign())).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
  });

  test('keys that are none', async () => {
    const fetch = async (url: string) =>
      Response.json(
        url.endsWith('/keys')
          ? { keys: [null, 7, { kty: 'RSA', kid: 'first' }, { kty: 'oct', kid: 'first', k: 'AAAA' }] }
          : { issuer: realm.issuer, jwks_uri: 'https://issuer.test/keys' },
      );
    verifier = openVerifier({ issuers: [{ issuer: realm.issuer, audience }], clock, fetch });
    expect(await refusal(await realm.sign())).toMatch(/^TOKEN_/);
  });

  test('settings that could not be safe are refused at once', () => {
    const open = (more: object) => () =>
      openVerifier({ issuers: [{ issuer: 'https://a.test', audience, ...more }], clock });
    expect(open({ issuer: 'http://auth.acme.test' })).toThrow('https://');
    expect(open({ issuer: 'https://u:p@auth.acme.test' })).toThrow('https://');
    expect(open({ algorithms: ['HS256'] })).toThrow('HS256');
    expect(open({ algorithms: ['none'] })).toThrow('none');
    expect(open({ audience: '' })).toThrow('audience');
  });
});
