/** A real OpenID provider on loopback, and a browser that signs in at it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider from 'oidc-provider';
import { vi } from 'vitest';
import { atEnd } from '../support/ending.js';

export interface RealProvider {
  issuer: string;
  /** How often it was asked for tokens. */
  tokenCalls(): number;
  /** How often it was asked for its keys. */
  keyCalls(): number;
  /** Signs with a new key from now on; the former one stays published. */
  rotateKeys(): Promise<void>;
  close(): Promise<void>;
}

export interface ProviderSettings {
  /** What else is known of the client. */
  client?: Record<string, unknown>;
  /** Makes access tokens JWTs (RFC 9068) for this audience, with the claims of the address. */
  audience?: string;
  /** Names the session in access tokens. */
  namesSessions?: boolean;
}

/** Refresh tokens rotate, and a second use of one ends the session. */
export async function openRealProvider(settings: ProviderSettings = {}): Promise<RealProvider> {
  // It tells of every default it takes.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'info').mockImplementation(() => {});
  const calls = new Map<string, number>();
  let answer: ReturnType<Provider['callback']> = (_, response) => void response.end();
  const server = createServer((request, response) => {
    calls.set(request.url ?? '', (calls.get(request.url ?? '') ?? 0) + 1);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const configuration = {
    ...accessTokens(settings),
    // Its own refuses addresses of this machine, where our endpoint for logout tokens is.
    fetch: (url: URL, init: RequestInit) =>
      fetch(url, { ...init, dispatcher: undefined } as unknown as RequestInit),
    clients: [
      {
        client_id: 'dartwing-cli',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
        ...settings.client,
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['test'] },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
      resourceIndicators: { enabled: settings.audience !== undefined, ...resources(settings) },
    },
    findAccount: async (_: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, ...addressOf(id) }),
    }),
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: 60,
      IdToken: 300,
      RefreshToken: 3600,
      Interaction: 60,
      Session: 60,
      Grant: 3600,
      DeviceCode: 60,
    },
  };
  const keys = [await newKey()];
  const serve = () => {
    answer = new Provider(issuer, { ...configuration, jwks: { keys } }).callback();
  };
  serve();
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  atEnd(close);
  return {
    issuer,
    tokenCalls: () => calls.get('/token') ?? 0,
    keyCalls: () => calls.get('/jwks') ?? 0,
    rotateKeys: async () => {
      keys.unshift(await newKey());
      serve();
    },
    close,
  };
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' };
}

function addressOf(account: string) {
  return { email: `${account}@acme.test`, email_verified: true };
}

function accessTokens({ audience, namesSessions = false }: ProviderSettings) {
  if (audience === undefined) return {};
  interface Context {
    oidc: { entities: { AuthorizationCode?: { sid?: string } } };
  }
  return {
    extraTokenClaims: async ({ oidc }: Context, { accountId }: { accountId: string }) => ({
      ...addressOf(accountId),
      ...(namesSessions ? { sid: oidc.entities.AuthorizationCode?.sid } : {}),
    }),
  };
}

function resources({ audience }: ProviderSettings) {
  if (audience === undefined) return {};
  return {
    defaultResource: async () => 'urn:dartwing:test',
    useGrantedResource: async () => true,
    getResourceServerInfo: async () => ({
      scope: 'openid email',
      audience,
      accessTokenFormat: 'jwt',
      accessTokenTTL: 60,
      jwt: { sign: { alg: 'RS256' } },
    }),
  };
}

/** Walks the forms from an address to a page without one, and returns that page. */
export async function browse(
  start: string,
  person: string,
  fields: Record<string, string> = {},
  jar = new Map<string, string>(),
): Promise<string> {
  const visit = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    return response;
  };
  let url = start;
  let response = await visit(url);
  for (let step = 0; step < 20; step++) {
    const next = response.headers.get('location');
    if (next !== null) {
      url = new URL(next, url).href;
      response = await visit(url);
      continue;
    }
    const html = await response.text();
    const action = /<form[^>]*action="([^"]+)"/.exec(html)?.[1];
    if (action === undefined) return html;
    const hidden = [...html.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)];
    const body = new URLSearchParams({
      ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
      ...(html.includes('name="login"') ? { login: person, password: 'any' } : {}),
      ...(/name="(user_code|logout)"/.test(html) ? fields : {}),
    });
    url = new URL(action, url).href;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    response = await visit(url, { method: 'POST', headers, body });
  }
  throw new Error('the browser walks in circles');
}
