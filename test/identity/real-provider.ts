/** A real OpenID provider on loopback, and a browser that signs in at it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { afterAll, vi } from 'vitest';

export interface RealProvider {
  issuer: string;
  /** How often it was asked for tokens. */
  tokenCalls(): number;
  close(): Promise<void>;
}

/** Refresh tokens rotate, and a second use of one ends the session. */
export async function openRealProvider(): Promise<RealProvider> {
  // It tells of every default it takes.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'info').mockImplementation(() => {});
  let tokenCalls = 0;
  let answer: ReturnType<Provider['callback']> = (_, response) => void response.end();
  const server = createServer((request, response) => {
    if (request.url === '/token') tokenCalls++;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  answer = new Provider(issuer, {
    clients: [
      {
        client_id: 'dartwing-cli',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['test'] },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
    },
    findAccount: async (_: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: `${id}@acme.test`, email_verified: true }),
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
  }).callback();
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  afterAll(close);
  return { issuer, tokenCalls: () => tokenCalls, close };
}

/** Walks the forms from an address to a page without one, and returns that page. */
export async function browse(
  start: string,
  person: string,
  fields: Record<string, string> = {},
): Promise<string> {
  const jar = new Map<string, string>();
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
      ...(html.includes('name="user_code"') ? fields : {}),
    });
    url = new URL(action, url).href;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    response = await visit(url, { method: 'POST', headers, body });
  }
  throw new Error('the browser walks in circles');
}
