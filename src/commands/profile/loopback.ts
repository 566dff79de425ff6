/** Signing in through a browser on this machine (RFC 8252 §7.3) with PKCE (RFC 7636, S256), state and nonce. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  type TokenEndpointResponse,
} from 'openid-client';
import { DartwingError } from '../../core/errors.js';
import { scope } from './provider.js';

/** @param announce is told the address to open. @throws LOGIN_FAILED and what openid-client throws */
export async function signInByLoopback(
  provider: Configuration,
  announce: (url: string) => void,
  signal: AbortSignal,
): Promise<TokenEndpointResponse> {
  const pkceCodeVerifier = randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [randomState(), randomNonce()];
  const server = createServer();
  try {
    const redirect = await listen(server);
    const answered = callback(server, redirect, expectedState, signal);
    const url = buildAuthorizationUrl(provider, {
      redirect_uri: redirect,
      scope,
      // OpenID Connect Core 1.0 §11: without it there may be no refresh token.
      prompt: 'consent',
      code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
    });
    announce(url.href);
    return await authorizationCodeGrant(provider, await answered, {
      pkceCodeVerifier,
      expectedState,
      expectedNonce,
      idTokenExpected: true,
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** Never a name: `localhost` may lead elsewhere. */
function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`),
    );
  });
}

/** The address with which the browser comes back. One with another state is somebody else's and ends nothing. */
function callback(server: Server, redirect: string, state: string, signal: AbortSignal): Promise<URL> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () =>
      reject(new DartwingError('LOGIN_FAILED', { reason: 'nobody signed in in time' })),
    );
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', redirect);
      const ours =
        request.method === 'GET' && url.pathname === '/callback' && url.searchParams.get('state') === state;
      response
        .writeHead(ours ? 200 : 400, {
          'content-type': 'text/plain; charset=utf-8',
          'cache-control': 'no-store',
        })
        .end(
          ours
            ? 'Back to the terminal: this window can be closed.\n'
            : 'This is not the sign-in that was asked for.\n',
        );
      if (ours) resolve(url);
    });
  });
}
