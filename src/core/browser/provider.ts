/** The identity provider as openid-client sees it, read once and kept for a while, and its failures in our words. */
import type { Configuration, CustomFetch } from 'openid-client';
import type { Clock } from '../clock.js';
import { DartwingError, isDartwingError } from '../errors.js';
import { boundedFetch, type Fetch } from '../identity/index.js';
import { limits } from '../limits.js';

export interface ProviderSettings {
  issuer: string;
  clientId: string;
  /** Of a confidential client; a public one is proven by PKCE alone. */
  clientSecret: string | undefined;
}

/** What the provider can do. @throws IDENTITY_PROVIDER_UNAVAILABLE */
export type FindProvider = () => Promise<Configuration>;

/** Nothing is asked before the first sign-in; callers at the same time share one question. */
export function openProvider(
  { issuer, clientId, clientSecret }: ProviderSettings,
  clock: Clock,
  fetch: Fetch,
): FindProvider {
  let known: { configuration: Promise<Configuration>; at: number } | undefined;
  const ask = async () => {
    const { allowInsecureRequests, customFetch, discovery, None } = await import('openid-client');
    const address = new URL(issuer);
    return discovery(address, clientId, clientSecret, clientSecret === undefined ? None() : undefined, {
      // The settings of the issuer allow http on this machine only.
      execute: address.protocol === 'http:' ? [allowInsecureRequests] : [],
      timeout: limits.providerCallMs / 1000,
      [customFetch]: boundedFetch(fetch) as CustomFetch,
    }).catch((error: unknown) => {
      throw providerFault(error, issuer);
    });
  };
  return () => {
    if (known !== undefined && clock.monotonicMs() - known.at < limits.issuerKeysFreshMs)
      return known.configuration;
    const asked = { configuration: ask(), at: clock.monotonicMs() };
    asked.configuration.catch(() => {
      if (known === asked) known = undefined;
    });
    known = asked;
    return asked.configuration;
  };
}

/** What went wrong: the provider said no, what it said cannot be believed, or it could not be asked. */
export function providerFault(error: unknown, issuer: string): DartwingError {
  if (isDartwingError(error)) return error;
  const {
    message = String(error),
    code = '',
    error: said,
    error_description: why,
  } = (error ?? {}) as {
    message?: string;
    code?: string;
    error?: unknown;
    error_description?: unknown;
  };
  const cause = { cause: error };
  if (typeof said === 'string') {
    const reason = typeof why === 'string' ? `${why} (${said})` : said;
    return new DartwingError('LOGIN_FAILED', { reason: reason.slice(0, 200) }, cause);
  }
  if (/^OAUTH_(JWT|INVALID_RESPONSE)/.test(code))
    return new DartwingError('LOGIN_FAILED', { reason: message }, cause);
  return new DartwingError('IDENTITY_PROVIDER_UNAVAILABLE', { issuer, reason: message }, cause);
}
