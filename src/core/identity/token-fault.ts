/** What jose finds wrong with a token, in the words of our catalogue. */
import { errors } from 'jose';
import { DartwingError, isDartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { Issuer } from './issuer.js';

/** The catalogue error for whatever verification threw. */
export function tokenFault(thrown: unknown, issuer: Issuer): DartwingError {
  if (isDartwingError(thrown)) return thrown;
  const cause = { cause: thrown };
  if (thrown instanceof errors.JWTExpired) return new DartwingError('TOKEN_EXPIRED', {}, cause);
  if (thrown instanceof errors.JWSSignatureVerificationFailed)
    return new DartwingError('TOKEN_SIGNATURE', {}, cause);
  if (thrown instanceof errors.JOSEAlgNotAllowed) return algorithmFault(issuer.algorithms);
  if (thrown instanceof errors.JWTClaimValidationFailed) return claimFault(thrown, issuer);
  // Everything else, unknown critical headers included (RFC 7515 §4.1.11), is no token that we can read.
  return new DartwingError('TOKEN_MALFORMED', {}, cause);
}

export function algorithmFault(allowed: readonly string[]): DartwingError {
  return new DartwingError('TOKEN_ALGORITHM', { allowed: allowed.join(', ') });
}

export function sizeFault(): DartwingError {
  return new DartwingError('TOKEN_TOO_LARGE', { limit: limits.tokenBytesMax });
}

function claimFault(thrown: errors.JWTClaimValidationFailed, { audience }: Issuer): DartwingError {
  const cause = { cause: thrown };
  if (thrown.claim === 'iss') return new DartwingError('TOKEN_ISSUER', {}, cause);
  if (thrown.claim === 'aud') return new DartwingError('TOKEN_AUDIENCE', { audience }, cause);
  if (thrown.reason === 'check_failed' && (thrown.claim === 'nbf' || thrown.claim === 'iat'))
    return new DartwingError('TOKEN_NOT_YET_VALID', {}, cause);
  return new DartwingError('TOKEN_MALFORMED', {}, cause);
}
