/**
 * Logout tokens: how a provider tells that a session has ended (OpenID Connect Back-Channel Logout 1.0). Real providers
 * differ: some name the session, some only the subject, some give no end and some no type.
 */
import { createHash } from 'node:crypto';
import { DartwingError, isDartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { SignedToken, Verifier } from './verifier.js';

const event = 'http://schemas.openid.net/event/backchannel-logout';

/** What a logout token asks for. */
export interface Logout {
  issuer: string;
  /** The provider's session; without one all sessions of the subject are meant. */
  sid: string | undefined;
  sub: string | undefined;
  issuedAt: Date;
  /** Tells this token from every other of the issuer. */
  idHash: Buffer;
}

/** @throws LOGOUT_TOKEN_INVALID, IDENTITY_PROVIDER_UNAVAILABLE */
export async function readLogoutToken(verifier: Verifier, token: string): Promise<Logout> {
  const signed = await verifier
    .verifyLogout(token, { maxTokenAge: limits.logoutTokenMs / 1000, requiredClaims: ['iat', 'jti'] })
    .catch((error: unknown) => {
      if (isDartwingError(error) && error.kind === 'unauthenticated') throw invalid(error.message, error);
      throw error;
    });
  requireLogoutToken(signed);
  const { jti, iat, sid, sub } = signed.claims;
  return {
    issuer: signed.issuer.issuer,
    sid: typeof sid === 'string' && sid !== '' ? sid : undefined,
    sub,
    issuedAt: new Date((iat ?? 0) * 1000),
    idHash: createHash('sha256')
      .update(JSON.stringify([signed.issuer.issuer, jti]))
      .digest(),
  };
}

/** Steps 4 to 7 of §2.6. */
function requireLogoutToken({ type, claims, issuer }: SignedToken): void {
  const kind = (type ?? 'JWT').toLowerCase().replace(/^application\//, '');
  // Keycloak's header says JWT and its claim says Logout.
  const isPlain = kind === 'jwt' && (issuer.plainLogoutTokens || claims.typ === 'Logout');
  if (kind !== 'logout+jwt' && !isPlain) throw invalid('its type is not logout+jwt');
  if (claims.nonce !== undefined) throw invalid('it has a nonce, as only ID tokens do');
  const { events } = claims;
  if (typeof events !== 'object' || events === null || !Object.hasOwn(events, event))
    throw invalid('it does not tell of a logout');
  if (claims.sid === undefined && claims.sub === undefined)
    throw invalid('it names neither a session nor a subject');
}

function invalid(reason: string, cause?: unknown): DartwingError {
  return new DartwingError('LOGOUT_TOKEN_INVALID', { reason }, { cause });
}
