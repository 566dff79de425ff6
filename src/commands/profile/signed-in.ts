/** Tokens that still work: refreshed when they are about to expire, by one process at a time. */
import { refreshTokenGrant } from 'openid-client';
import { DartwingError, isDartwingError } from '../../core/errors.js';
import type { Caller, Dartwing } from '../../core/index.js';
import type { CommandContext } from '../context.js';
import { refreshHere } from './lite.js';
import { openProvider, providerFault, tokensOf } from './provider.js';
import type { StoredTokens, TokenFile } from './token-file.js';

/** A token that ends sooner is refreshed: it might end on its way. */
const remainingMsMin = 30_000;

/**
 * The tokens of a profile. A provider that rotates refresh tokens takes two uses of one for a theft and ends the
 * session, so whoever has waited for the lock reads again before asking.
 * @throws UNAUTHENTICATED (nobody signed in, or the session is over), IDENTITY_PROVIDER_UNAVAILABLE
 */
export async function freshTokens(context: CommandContext, file: TokenFile): Promise<StoredTokens> {
  const tokens = requireTokens(file);
  if (isFresh(tokens)) return tokens;
  return file.alone(async () => {
    const current = requireTokens(file);
    return isFresh(current) ? current : refresh(context, file, current);
  });
}

async function refresh(
  context: CommandContext,
  file: TokenFile,
  tokens: StoredTokens,
): Promise<StoredTokens> {
  const { issuer, client_id: clientId, refresh_token: refreshToken } = tokens;
  if (refreshToken === undefined) throw signedOut();
  if (tokens.lite === true) return refreshLite(context, file, refreshToken);
  const provider = await openProvider(issuer, clientId);
  try {
    const next = tokensOf(await refreshTokenGrant(provider, refreshToken), tokens);
    file.write(next);
    return next;
  } catch (error) {
    const fault = providerFault(error, issuer);
    if (fault.code !== 'LOGIN_FAILED') throw fault;
    file.remove();
    throw signedOut(fault);
  }
}

async function refreshLite(
  context: CommandContext,
  file: TokenFile,
  refreshToken: string,
): Promise<StoredTokens> {
  try {
    const next = await refreshHere(await context.open(), refreshToken);
    file.write(next);
    return next;
  } catch (error) {
    if (!isDartwingError(error) || error.kind !== 'unauthenticated') throw error;
    file.remove();
    throw signedOut(error);
  }
}

/** Who is signed in on this profile, proven. @throws UNAUTHENTICATED and what `authenticate` throws */
export async function callerOf(
  context: CommandContext,
  file: TokenFile,
  dartwing: Dartwing,
): Promise<Caller> {
  const { access_token: token, refresh_token: next = '' } = await freshTokens(context, file);
  context.io.conceal([token, next].filter((text) => text !== ''));
  return dartwing.identity.authenticate({ authorization: `Bearer ${token}` });
}

function requireTokens(file: TokenFile): StoredTokens {
  const tokens = file.read();
  if (tokens === undefined) throw signedOut();
  return tokens;
}

function isFresh({ expires_at: end }: StoredTokens): boolean {
  return Date.parse(end) - Date.now() > remainingMsMin;
}

function signedOut(cause?: unknown): DartwingError {
  const why = cause instanceof DartwingError ? cause.message : undefined;
  return new DartwingError(
    'UNAUTHENTICATED',
    {},
    { cause, fix: ['dartwing profile login'], ...(why ? { why } : {}) },
  );
}
