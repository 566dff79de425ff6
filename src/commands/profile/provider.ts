/** The identity provider as openid-client sees it, and its failures in our words. */
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  ClientError,
  type Configuration,
  discovery,
  None,
  ResponseBodyError,
  type TokenEndpointResponse,
} from 'openid-client';
import { DartwingError, isDartwingError } from '../../core/errors.js';
import type { StoredTokens } from './token-file.js';

/** What is asked for: who somebody is, and a refresh token. */
export const scope = 'openid profile email offline_access';

const callSeconds = 10;

/** Reads what the provider can do. We are a public client: PKCE stands in for a secret. @throws CONFIG_INVALID, IDENTITY_PROVIDER_UNAVAILABLE */
export async function openProvider(issuer: string, clientId: string): Promise<Configuration> {
  const address = new URL(issuer);
  const onThisMachine = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(address.hostname);
  if (address.protocol !== 'https:' && !onThisMachine)
    throw new DartwingError('CONFIG_INVALID', {
      where: 'oidc_issuer',
      message: 'it does not begin with https://',
    });
  const execute = address.protocol === 'http:' ? [allowInsecureRequests] : [];
  return discovery(address, clientId, undefined, None(), { execute, timeout: callSeconds }).catch(
    (error: unknown) => {
      throw providerFault(error, issuer);
    },
  );
}

/** The tokens of an answer, with what an answer to a refresh may leave out. */
export function tokensOf(
  answer: TokenEndpointResponse,
  from: Pick<StoredTokens, 'issuer' | 'client_id'> & Partial<StoredTokens>,
): StoredTokens {
  return {
    issuer: from.issuer,
    client_id: from.client_id,
    access_token: answer.access_token,
    refresh_token: answer.refresh_token ?? from.refresh_token,
    id_token: answer.id_token ?? from.id_token,
    expires_at: new Date(Date.now() + (answer.expires_in ?? 0) * 1000).toISOString(),
  };
}

/** What went wrong: the provider said no, or it could not be asked. */
export function providerFault(error: unknown, issuer: string): DartwingError {
  if (isDartwingError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const cause = { cause: error };
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    const said = error.error_description ?? error.error;
    return new DartwingError('LOGIN_FAILED', { reason: `${said} (${error.error})` }, cause);
  }
  const answered = error instanceof ClientError && error.code !== 'OAUTH_TIMEOUT' && error.code !== undefined;
  if (answered && /^OAUTH_(JWT|INVALID_RESPONSE)/.test(error.code ?? ''))
    return new DartwingError('LOGIN_FAILED', { reason }, cause);
  return new DartwingError('IDENTITY_PROVIDER_UNAVAILABLE', { issuer, reason }, cause);
}
