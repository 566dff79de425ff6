/** A real OpenID provider beside ours: its keys rotate, and it tells of logouts by itself. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Clock, type Dartwing, systemClock } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { browse, openRealProvider, type RealProvider } from './real-provider.js';
import { audience } from './test-issuer.js';
import { codeOf } from './world.js';

/** Tokens live by the provider's clock, so only the pauses between two calls of it pass as we like. */
let passedMs = 0;
let laterMs = 0;
const clock: Clock = {
  now: () => new Date(Date.now() + laterMs),
  monotonicMs: () => systemClock.monotonicMs() + passedMs,
};

/** Somebody who signs in at a provider and calls us, and the endpoint that hears of logouts. */
interface Site {
  provider: RealProvider;
  dartwing: Dartwing;
  /** Code and PKCE, in a browser of their own. */
  signIn(account: string): Promise<Tokens>;
  /** Ends the session at the provider in that browser. */
  signOutThere(tokens: Tokens): Promise<void>;
  database: TestDatabase;
  /** What the provider says to a sign-in that asks like this. */
  ask(more: Record<string, string>): Promise<string>;
  /** Code of the refusal, or `let in`. */
  refusal(token: string): Promise<string>;
  /** What the provider was answered for its logout tokens. */
  heard: number[];
}

interface Tokens {
  access_token: string;
  id_token: string;
  jar: Map<string, string>;
}

async function openSite(namesSessions: boolean): Promise<Site> {
  const heard: number[] = [];
  let code = '';
  let dartwing: Dartwing | undefined;
  const endpoint = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://127.0.0.1');
    if (url.pathname === '/callback') {
      code = url.searchParams.get('code') ?? '';
      response.end('signed in');
      return;
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    const token = new URLSearchParams(body).get('logout_token') ?? '';
    const status = (await codeOf(dartwing!.identity.logoutToken(token))) === 'let in' ? 200 : 400;
    heard.push(status);
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise<void>((resolve) => void endpoint.close(() => resolve())));
  const home = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  const provider = await openRealProvider({
    audience,
    namesSessions,
    client: {
      redirect_uris: [`${home}/callback`],
      backchannel_logout_uri: `${home}/logged-out`,
      backchannel_logout_session_required: true,
    },
  });
  const opened = await openTestDartwing({
    clock,
    identity: {
      issuers: [{ issuer: provider.issuer, audience, logoutAudiences: ['dartwing-cli'] }],
      createPersons: true,
    },
  });
  dartwing = opened.dartwing;

  const signIn: Site['signIn'] = async (account) => {
    const verifier = randomBytes(32).toString('base64url');
    const asked = new URLSearchParams({
      client_id: 'dartwing-cli',
      response_type: 'code',
      redirect_uri: `${home}/callback`,
      scope: 'openid email',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const jar = new Map<string, string>();
    await browse(`${provider.issuer}/auth?${asked}`, account, {}, jar);
    const response = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 'dartwing-cli',
        code,
        redirect_uri: `${home}/callback`,
        code_verifier: verifier,
      }),
    });
    expect(response.status).toBe(200);
    return { ...((await response.json()) as Tokens), jar };
  };
  return {
    provider,
    dartwing,
    database: opened.database,
    ask: async (more) => {
      const asked = { client_id: 'dartwing-cli', response_type: 'code', redirect_uri: `${home}/callback` };
      const query = new URLSearchParams({ ...asked, scope: 'openid', ...more });
      const response = await fetch(`${provider.issuer}/auth?${query}`, { redirect: 'manual' });
      const to = new URL(response.headers.get('location') ?? provider.issuer, provider.issuer);
      return to.searchParams.get('error') ?? (response.status === 303 ? 'asks who it is' : 'no answer');
    },
    heard,
    signIn,
    signOutThere: async ({ id_token: hint, jar }) => {
      const asked = new URLSearchParams({ id_token_hint: hint, client_id: 'dartwing-cli' });
      await browse(`${provider.issuer}/session/end?${asked}`, '', { logout: 'yes' }, jar);
    },
    refusal: (token) => codeOf(opened.dartwing.identity.authenticate({ authorization: `Bearer ${token}` })),
  };
}

/** The token as it would be if another key had signed it. */
function withKeyId(token: string, kid: string): string {
  const [header = '', ...rest] = token.split('.');
  const told = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as object;
  return [Buffer.from(JSON.stringify({ ...told, kid })).toString('base64url'), ...rest].join('.');
}

describe('whose tokens name their session', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(true);
  });

  test('tokens of a rotated key are let in, those of the former one too while it is published', async () => {
    const before = await site.signIn('ana');
    expect(await site.refusal(before.access_token)).toBe('let in');
    await site.provider.rotateKeys();
    const after = await site.signIn('ana');
    const asked = site.provider.keyCalls();
    expect(await site.refusal(after.access_token)).toBe('TOKEN_UNKNOWN_KEY');
    expect(site.provider.keyCalls()).toBe(asked);
    passedMs += 30_000;
    expect(await site.refusal(after.access_token)).toBe('let in');
    expect(await site.refusal(before.access_token)).toBe('let in');
    expect(site.provider.keyCalls()).toBe(asked + 1);
  });

  test('a flood of invented key ids costs it one call in half a minute', async () => {
    const { access_token: token } = await site.signIn('ana');
    passedMs += 30_000;
    const asked = site.provider.keyCalls();
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, n) => site.refusal(withKeyId(token, `invented-${n}`))),
    );
    expect(new Set(answers)).toEqual(new Set(['TOKEN_UNKNOWN_KEY']));
    expect(site.provider.keyCalls() - asked).toBe(1);
    expect(await site.refusal(token)).toBe('let in');
  });

  test('a logout there ends that session here, and no other', async () => {
    const [mine, other] = [await site.signIn('bo'), await site.signIn('bo')];
    for (const { access_token: token } of [mine, other]) expect(await site.refusal(token)).toBe('let in');
    await site.signOutThere(mine);
    expect(site.heard).toEqual([200]);
    expect(await site.refusal(mine.access_token)).toBe('SESSION_ENDED');
    expect(await site.refusal(other.access_token)).toBe('let in');
    expect(await site.refusal((await site.signIn('bo')).access_token)).toBe('let in');
  });
});

describe('signing in', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(true);
  });

  test('T-I1 without PKCE, or with a plain challenge, is refused', async () => {
    const challenge = createHash('sha256').update('verifier').digest('base64url');
    expect(await site.ask({})).toBe('invalid_request');
    expect(await site.ask({ code_challenge: 'v'.repeat(43), code_challenge_method: 'plain' })).toBe(
      'invalid_request',
    );
    expect(await site.ask({ code_challenge: challenge, code_challenge_method: 'S256' })).toBe(
      'asks who it is',
    );
  });

  test('T-I2 an expired, a broken and an absent token are refused as 401', async () => {
    const { access_token: token } = await site.signIn('ana');
    const call = (authorization: string | undefined) =>
      site.dartwing.identity.authenticate({ authorization }).then(
        () => 'let in',
        (error: { kind: string; code: string }) => `${error.kind} ${error.code}`,
      );
    expect(await call(`Bearer ${token}`)).toBe('let in');
    expect(await call(undefined)).toBe('unauthenticated UNAUTHENTICATED');
    expect(await call('Bearer nonsense')).toBe('unauthenticated TOKEN_MALFORMED');
    expect(await call(`Bearer ${token.slice(0, -8)}AAAAAAAA`)).toBe('unauthenticated TOKEN_SIGNATURE');
    laterMs = 120_000;
    try {
      expect(await call(`Bearer ${token}`)).toBe('unauthenticated TOKEN_EXPIRED');
    } finally {
      laterMs = 0;
    }
  });

  test('T-I5 the first time makes person, account, personal organization and grants; the second changes nothing', async () => {
    const { access_token: token } = await site.signIn('dee');
    expect(await site.refusal(token)).toBe('let in');
    const made = async () =>
      (
        await site.database.admin.query(
          `select p.id, p.status, p.source, p.keycloak_user_id, p.version, u.name as account, u.system_roles, o.id as home,
             o.org_type, m.status as member, r.is_supervisor,
             (select count(*)::int from permission_grant where user_name = u.name) as grants
           from person p join user_account u on u.person = p.id join organization o on o.id = p.personal_org
             join org_member m on m.organization = o.id and m.person = p.id join role_template r on r.role_name = m.role
           where p.primary_email = 'dee@acme.test'`,
        )
      ).rows;
    const first = await made();
    expect(first).toMatchObject([
      {
        status: 'active',
        source: 'signup',
        keycloak_user_id: 'dee',
        account: 'dee@acme.test',
        system_roles: ['Dartwing User'],
        org_type: 'family',
        member: 'active',
        is_supervisor: true,
        grants: 2,
      },
    ]);
    expect(await site.refusal((await site.signIn('dee')).access_token)).toBe('let in');
    expect(await made()).toEqual(first);
  });
});

test('a logout that names a session ends those of tokens that name none', async () => {
  const site = await openSite(false);
  const tokens = await site.signIn('cy');
  expect(await site.refusal(tokens.access_token)).toBe('let in');
  await site.signOutThere(tokens);
  expect(site.heard).toEqual([200]);
  expect(await site.refusal(tokens.access_token)).toBe('SESSION_ENDED');
});
