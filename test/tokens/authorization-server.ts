/** A real authorization server on loopback (oidc-provider), and the catalogue's entry of it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { vi } from 'vitest';
import type { ProviderInput } from '../../src/core/tokens/index.js';
import { atEnd } from '../support/ending.js';

export interface AuthorizationServer {
  /** `127.0.0.1:port` */
  host: string;
  entry: ProviderInput;
  /** How often a path was asked. */
  calls(path: string): number;
  /** How often tokens were asked for with a refresh token. */
  refreshes(): number;
}

export const client = { clientId: 'dartwing', clientSecret: 'marker-client-secret-s3cr3t' };
export const callback = 'http://127.0.0.1:8912/callback';

/** Refresh tokens rotate, and a second use of one ends the grant. */
export async function openAuthorizationServer({ delayMs = 0 } = {}): Promise<AuthorizationServer> {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'info').mockImplementation(() => {});
  const calls = new Map<string, number>();
  let refreshes = 0;
  let answer: ReturnType<Provider['callback']> = (_, response) => void response.end();
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    calls.set(path, (calls.get(path) ?? 0) + 1);
    setTimeout(() => answer(request, response), path === '/token' ? delayMs : 0);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(`http://${host}`, {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        application_type: 'native',
        token_endpoint_auth_method: 'client_secret_basic',
        redirect_uris: ['http://127.0.0.1/callback', 'http://localhost:4000/v1/integrations/callback'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
      },
    ],
    cookies: { keys: ['test'] },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
    },
    findAccount: async (_: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: 3600,
      IdToken: 300,
      RefreshToken: 86_400,
      Interaction: 60,
      Session: 60,
      Grant: 86_400,
      DeviceCode: 60,
    },
  });
  provider.on('grant.success', (context) => {
    const { oidc } = context as { oidc: { params: { grant_type: string } } };
    if (oidc.params.grant_type === 'refresh_token') refreshes += 1;
  });
  answer = provider.callback();
  atEnd(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    host,
    entry: {
      title: 'Test Suite',
      category: 'automation',
      tier: 'free',
      auth: 'oauth2',
      authorize_url: `http://${host}/auth`,
      token_url: `http://${host}/token`,
      revoke_url: `http://${host}/token/revocation`,
      device_url: `http://${host}/device/auth`,
      issuer: `http://${host}`,
      token_auth: 'basic',
      scopes: ['openid'],
      refresh: { rotates: 'always', single_use: true },
      health: { url: `http://${host}/me` },
      hosts: [host],
      docs: 'https://github.com/panva/node-oidc-provider',
    },
    calls: (path) => calls.get(path) ?? 0,
    refreshes: () => refreshes,
  };
}
