/** The document `Identity`: who a profile is signed in as, as the tokens tell. */
import type { Document } from '../spec.js';
import type { StoredTokens } from './token-file.js';

/** The claims are shown, not trusted: the server verifies the token each time it is sent. */
export function identityDocument(profile: string, url: string | null, tokens: StoredTokens): Document {
  const access = claimsOf(tokens.access_token);
  const claims = { ...access, ...claimsOf(tokens.id_token) };
  const realm = (access.realm_access as { roles?: unknown } | undefined)?.roles;
  return {
    api_version: 'dartwing/v1',
    kind: 'Identity',
    person: textOf(claims.email) ?? textOf(claims.sub) ?? null,
    subject: textOf(claims.sub) ?? null,
    issuer: tokens.issuer,
    profile,
    url,
    roles: { realm: Array.isArray(realm) ? realm : [] },
    expires_at: tokens.expires_at,
  };
}

/** An access token may be a text without meaning to us. */
export function claimsOf(token: string | undefined): Record<string, unknown> {
  try {
    const [, payload = ''] = (token ?? '').split('.');
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
