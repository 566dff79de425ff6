/** The header `Authorization` of a call. */
import { DartwingError } from '../errors.js';
import { type Credential, parseCredential } from './api-key-secret.js';

export type Authorization = { token: string } | { credential: Credential };

/**
 * Reads `Bearer <access token>`, `Bearer <key>.<secret>` or `token <key>:<secret>`; scheme names in any case
 * (RFC 9110 §11.1).
 * @throws UNAUTHENTICATED (nothing, or a scheme that is not ours), API_KEY_INVALID
 */
export function parseAuthorization(header: string | undefined): Authorization {
  const [, scheme = '', text = ''] = /^(bearer|token) +(\S+) *$/i.exec(header ?? '') ?? [];
  if (scheme === '') throw new DartwingError('UNAUTHENTICATED');
  const isKey = scheme.toLowerCase() === 'token' || text.startsWith('dw_');
  if (!isKey) return { token: text };
  const credential = parseCredential(text);
  if (credential === undefined) throw new DartwingError('API_KEY_INVALID');
  return { credential };
}
