/**
 * Keys. One master key (32 bytes, from the environment or a file) stands at the top; the passwords of the runtime
 * database roles and the key of the audit staging are derived from it. Without it nothing starts. Losing it loses
 * the access of the runtime roles until `migrate up` is run with a new installation; keep it where you keep
 * backups' keys.
 *
 * Under it stands a data key for each organization and purpose, wrapped by the master key or by a key service (AWS KMS,
 * HashiCorp Vault, a PKCS #11 token), in versions: the active one seals and opens, `decrypt_only` ones open, `retired` ones are kept for
 * backups, `destroyed` ones are gone, and with them what they sealed. Values lie in columns of the type `sealed`, as
 * AES-256-GCM envelopes that open in their own row and column only (docs/formats/envelope.md).
 *
 * ```ts
 * const place = { organization, table: 'fax_line', column: 'pin', row: [id] };
 * await tx.query('update fax_line set pin = $3 where organization = $1 and id = $2',
 *   [organization, id, await dartwing.keys.seal(tx, 'fax', place, '4711')]);
 * const pin = await dartwing.keys.open(tx, place, row.pin);
 * ```
 *
 * A table with a sealed column has a primary key of the organization and at least one column more, and an index on
 * `(organization, sealed_key(column), <rest of the key>)` where the column is not null.
 *
 * Limits: `dataKey…`, `keyService…`, `reseal…` in limits.ts. A process goes on opening with a key that another one
 * destroyed until its copy is five minutes old. Audit: key.rotate, key.reseal with the proof, key.rewrap, key.retire,
 * key.destroy.
 */
export type { DataKeys } from './data-keys.js';
export type { KeyDocument, KeyList } from './document.js';
export type { Place } from './envelope.js';
export type { KeyFinding, KeyFindings } from './inspect.js';
export { dropKeys, type KeyChange } from './life.js';
export { developmentMasterKey, type Keyring, openKeyring } from './master.js';
export type { KeyOptions } from './providers.js';
export { type Keys, openKeys } from './room.js';
export type { Rotated, RotateOptions, RotationProgress, RotationResult } from './rotate.js';
export { answerSeal, openText, sealText } from './seal.js';
