/** An issuer on loopback whose keys and answers a test decides: what a real provider would never send, it sends. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Clock } from '../../src/core/index.js';
import { atEnd } from '../support/ending.js';

export interface TestIssuer {
  issuer: string;
  /** How often its keys were read. */
  reads(): number;
  /** From now on its addresses answer this; undefined is the usual again. */
  answer(status: number, type: string, body: string): void;
  recover(): void;
  /** Publishes another key and signs with it from now on. */
  rotate(kid: string): Promise<void>;
  /** A token in Keycloak's shape; what is given replaces or adds, undefined takes away. */
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  publicJwk(): Promise<Record<string, unknown>>;
}

export const audience = 'dartwing';

export async function openTestIssuer(clock: Clock): Promise<TestIssuer> {
  let pair = await generateKeyPair('RS256');
  let kid = 'first';
  let reads = 0;
  let fixed: { status: number; type: string; body: string } | undefined;
  const publicJwk = async () => ({ ...(await exportJWK(pair.publicKey)), kid, use: 'sig', alg: 'RS256' });

  const server = createServer(async (request, response) => {
    const isDiscovery = request.url?.endsWith('/openid-configuration') === true;
    if (!isDiscovery) reads++;
    const body =
      fixed?.body ??
      JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: [await publicJwk()] });
    response.writeHead(fixed?.status ?? 200, { 'content-type': fixed?.type ?? 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/dartwing-test`;

  return {
    issuer,
    publicJwk,
    reads: () => reads,
    answer: (status, type, body) => {
      fixed = { status, type, body };
    },
    recover: () => {
      fixed = undefined;
    },
    rotate: async (next) => {
      pair = await generateKeyPair('RS256');
      kid = next;
    },
    sign: (claims = {}, header = {}) => {
      const now = Math.floor(clock.now().getTime() / 1000);
      const payload: JWTPayload = {
        iss: issuer,
        aud: [audience, 'account'],
        sub: '5b7a1f0e-ana',
        typ: 'Bearer',
        azp: 'dartwing-web',
        sid: 'b6f1-session',
        acr: '1',
        scope: 'openid profile email',
        email: 'Ana@acme.test',
        email_verified: true,
        realm_access: { roles: ['offline_access'] },
        iat: now,
        auth_time: now,
        exp: now + 300,
        ...claims,
      };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid, ...header })
        .sign(pair.privateKey);
    },
  };
}
