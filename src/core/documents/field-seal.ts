/**
 * Sealed values of fields, as they stand in the JSON of a document: `{"$sealed": "…"}`. Pure.
 *
 * Every document has a key of its own. A value is sealed with AES-256-GCM and bound to organization, doctype, document and
 * field, so that it opens nowhere else. The nonce follows from the value (as in RFC 5297 and RFC 8452): equal values of one
 * field of one document are equal when they are sealed, so the database can tell a change from none; nothing else can be
 * told by comparing.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

/** Where a value belongs: field, or table, column and row. */
export interface FieldPlace {
  organization: string;
  doctype: string;
  name: string;
  path: readonly string[];
}

/** A value as it is kept. */
export interface SealedValue {
  $sealed: string;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const algorithm = 'aes-256-gcm';

export function isSealedValue(value: unknown): value is SealedValue {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length === 1 &&
    typeof (value as SealedValue).$sealed === 'string'
  );
}

/** @param key 32 bytes, of the document */
export function sealValue(key: Buffer, place: FieldPlace, value: unknown): SealedValue {
  const plain = Buffer.from(JSON.stringify(value), 'utf8');
  const bound = boundBytes(place);
  const nonce = derived(key, 'nonce', bound, plain).subarray(0, nonceBytes);
  const cipher = createCipheriv(algorithm, derived(key, 'value'), nonce).setAAD(bound);
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return {
    $sealed: Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), body]).toString('base64url'),
  };
}

/** The value, in `value`; undefined when it was changed or moved. */
export function openValue(
  key: Buffer,
  place: FieldPlace,
  sealed: SealedValue,
): { value: unknown } | undefined {
  const bytes = Buffer.from(sealed.$sealed, 'base64url');
  if (bytes.length < 1 + nonceBytes + tagBytes || bytes[0] !== version) return undefined;
  const bodyAt = 1 + nonceBytes + tagBytes;
  const decipher = createDecipheriv(algorithm, derived(key, 'value'), bytes.subarray(1, 1 + nonceBytes), {
    authTagLength: tagBytes,
  })
    .setAAD(boundBytes(place))
    .setAuthTag(bytes.subarray(1 + nonceBytes, bodyAt));
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(bodyAt)), decipher.final()]);
    return { value: JSON.parse(plain.toString('utf8')) };
  } catch {
    return undefined;
  }
}

/** What a value is found by: equal for equal values of one field in one organization. */
export function lookupDigest(key: Buffer, value: unknown): Buffer {
  return createHmac('sha256', key).update(JSON.stringify(value)).digest().subarray(0, 16);
}

function boundBytes({ organization, doctype, name, path }: FieldPlace): Buffer {
  return Buffer.from(JSON.stringify(['dwf1', organization, doctype, name, ...path]), 'utf8');
}

function derived(key: Buffer, label: string, ...parts: readonly Buffer[]): Buffer {
  const hmac = createHmac('sha256', key).update(`dartwing/field/v1/${label}\0`);
  for (const part of parts) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    hmac.update(length).update(part);
  }
  return hmac.digest();
}
