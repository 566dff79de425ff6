/** Signing in through a browser on this machine with PKCE (RFC 7636, S256), state and nonce. */
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
import { DartwingError, isDartwingError } from '../../core/errors.js';
import { awaitCallback } from '../loopback.js';
import { scope } from './provider.js';

/** @param announce is told the address to open. @throws LOGIN_FAILED and what openid-client throws */
export async function signInByLoopback(
  provider: Configuration,
  announce: (url: string) => void,
  signal: AbortSignal,
): Promise<TokenEndpointResponse> {
  const pkceCodeVerifier = randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [randomState(), randomNonce()];
  return awaitCallback(signal, async (redirect, wait) => {
    const answered = wait(expectedState).catch((error: unknown) => {
      if (!isDartwingError(error)) throw error;
      throw new DartwingError('LOGIN_FAILED', { reason: 'nobody signed in in time' });
    });
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
    return authorizationCodeGrant(provider, await answered, {
      pkceCodeVerifier,
      expectedState,
      expectedNonce,
      idTokenExpected: true,
    });
  });
}
