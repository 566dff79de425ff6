/** Multi-factor policy: what an organization asks of a sign-in (RFC 9470, RFC 8176). Pure; in doubt the answer is no. */
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { Identity } from './claims.js';

export interface StrongSignIn {
  /** Values of `acr` that stand for a second factor. Default `shippedAcrValues`. */
  acrValues?: readonly string[] | undefined;
  /** Oldest sign-in accepted. Default 10 hours. */
  ageMsMax?: number | undefined;
}

/** The level that docs/keycloak.md sets up. */
export const shippedAcrValues: readonly string[] = ['2'];

/** Methods that are a second factor, or two at once. A text message is not among them: it can be intercepted. */
const strongMethods: ReadonlySet<string> = new Set(['mfa', 'otp', 'hwk', 'swk', 'fpt', 'face']);

/**
 * Refuses a sign-in that is too weak or too old. What was asked of the provider counts for nothing, only what came
 * back: providers may answer with less and no error.
 * @throws MFA_REQUIRED
 */
export function requireStrongSignIn(
  { acr, amr, authTime }: Pick<Identity, 'acr' | 'amr' | 'authTime'>,
  organization: string,
  { acrValues = shippedAcrValues, ageMsMax = limits.strongSignInMs }: StrongSignIn,
  now: Date,
): void {
  const strong =
    (acr !== undefined && acrValues.includes(acr)) || amr.some((method) => strongMethods.has(method));
  const reason = !strong
    ? 'The sign-in had one factor only'
    : authTime === undefined
      ? 'The token does not tell when the sign-in was'
      : now.getTime() - authTime.getTime() > ageMsMax
        ? 'The sign-in is too long ago'
        : undefined;
  if (reason === undefined) return;
  throw new DartwingError('MFA_REQUIRED', {
    organization,
    reason,
    acr_values: acrValues.join(' '),
    max_age: Math.floor(ageMsMax / 1000),
  });
}

/** The header `WWW-Authenticate` that asks for what is missing (RFC 9470 §3), or the plain one (RFC 6750 §3). */
export function challengeOf(error: DartwingError): string {
  if (error.code === 'MFA_REQUIRED') {
    const { acr_values: acrValues, max_age: maxAge } = error.params;
    return `Bearer error="insufficient_user_authentication", acr_values="${acrValues}", max_age="${maxAge}"`;
  }
  return error.code === 'UNAUTHENTICATED' ? 'Bearer' : 'Bearer error="invalid_token"';
}
