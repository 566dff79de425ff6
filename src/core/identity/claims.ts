/** What a verified access token says of somebody. */
import type { JWTPayload } from 'jose';
import { DartwingError } from '../errors.js';
import type { Issuer } from './issuer.js';

/** Somebody as an issuer knows them. Nothing here is a right: rights come from this installation. */
export interface Identity {
  iss: string;
  sub: string;
  /** The session at the provider, where it names one. */
  sid?: string | undefined;
  email?: string | undefined;
  emailVerified: boolean;
  givenName?: string | undefined;
  familyName?: string | undefined;
  /** How strongly they signed in; undefined counts as the weakest. */
  acr?: string | undefined;
  /** By which means (RFC 8176). */
  amr: readonly string[];
  authTime?: Date | undefined;
  /** Undefined when the token does not tell, which is not the same as being in no group. */
  groups?: readonly string[] | undefined;
  /** Realm roles (Keycloak's `realm_access`). */
  roles: readonly string[];
  issuedAt: Date;
  expiresAt: Date;
}

/**
 * Refuses what is signed by the issuer and yet no access token for us.
 * @throws TOKEN_KIND, TOKEN_CLIENT
 */
export function requireAccessToken(type: string | undefined, claims: JWTPayload, issuer: Issuer): void {
  const kind = (type ?? 'JWT').toLowerCase().replace(/^application\//, '');
  const claimed = claims.typ;
  const accepted =
    (kind === 'at+jwt' &&
      issuer.tokenKinds.includes('at+jwt') &&
      (claimed === undefined || claimed === 'Bearer')) ||
    (kind === 'jwt' && issuer.tokenKinds.includes('bearer') && claimed === 'Bearer');
  if (!accepted) throw new DartwingError('TOKEN_KIND');
  const client = claims.azp ?? claims.client_id;
  if (issuer.clients && !(typeof client === 'string' && issuer.clients.includes(client)))
    throw new DartwingError('TOKEN_CLIENT');
}

/** Reads the claims; a claim of the wrong type counts as absent. @throws TOKEN_MALFORMED (no subject) */
export function readIdentity(claims: JWTPayload): Identity {
  const { iss, sub, exp, iat } = claims;
  if (iss === undefined || sub === undefined || sub === '' || exp === undefined || iat === undefined)
    throw new DartwingError('TOKEN_MALFORMED');
  return {
    iss,
    sub,
    sid: text(claims.sid),
    email: text(claims.email)?.toLowerCase(),
    // Some providers send the text "true"; only the value counts.
    emailVerified: claims.email_verified === true,
    givenName: text(claims.given_name),
    familyName: text(claims.family_name),
    acr: text(claims.acr),
    amr: texts(claims.amr) ?? [],
    authTime: typeof claims.auth_time === 'number' ? new Date(claims.auth_time * 1000) : undefined,
    groups: texts(claims.groups),
    roles: texts((claims.realm_access as { roles?: unknown } | undefined)?.roles) ?? [],
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(exp * 1000),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined;
}
