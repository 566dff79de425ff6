/** Opening the door to an API key: looked up in the database each time, so a revoked one is closed everywhere at once. */
import { DartwingError } from '../errors.js';
import type { KeyCheckRow } from './api-key-queries.js';
import { type Credential, equalHashes, hashSecret } from './api-key-secret.js';

/**
 * The key of a credential; undefined when there is none or its secret is wrong, which look the same from outside.
 * @throws API_KEY_REVOKED, API_KEY_EXPIRED, SIGN_IN_REFUSED: only for who knows the secret
 */
export function checkApiKey(
  row: KeyCheckRow | undefined,
  { id, secret }: Credential,
): KeyCheckRow | undefined {
  if (row === undefined || !opens(row, hashSecret(secret))) return undefined;
  if (row.revoked_at !== null) throw new DartwingError('API_KEY_REVOKED', { id });
  if (row.has_expired) throw new DartwingError('API_KEY_EXPIRED', { id });
  if (!row.organization_open)
    throw new DartwingError('SIGN_IN_REFUSED', {
      reason: 'The organization of the key is suspended or dissolved',
    });
  return row;
}

function opens(
  { secret_hash: hash, former_hash: former, former_opens: formerOpens }: KeyCheckRow,
  given: Buffer,
) {
  if (equalHashes(hash, given)) return true;
  return formerOpens && former !== null && equalHashes(former, given);
}
