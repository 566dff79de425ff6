/**
 * The envelope of a sealed value, to the byte (docs/formats/envelope.md has it with test vectors). Pure.
 *
 * ```
 *  0   2  'DW'
 *  2   1  version, 1
 *  3   1  suite, 1: HKDF-SHA-256, AES-256-GCM, key commitment
 *  4  16  id of the data key
 * 20  32  salt, random
 * 52  32  commitment to the key
 * 84   n  ciphertext
 *     16  tag
 * ```
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';

/** Where a sealed value belongs; it opens nowhere else. */
export interface Place {
  /** Id of the organization; `SYSTEM` for tables of persons and of the installation. */
  organization: string;
  table: string;
  column: string;
  /** The primary key without the organization, in its order, as PostgreSQL writes the values as text. */
  row: readonly string[];
}

const head = Buffer.from([0x44, 0x57, 1, 1]);
const saltAt = 20;
const commitmentAt = 52;
const bodyAt = 84;
const tagBytes = 16;
export const saltBytes = commitmentAt - saltAt;
/** A key is used for one message only, so one nonce serves all. */
const nonce = Buffer.alloc(12);
const algorithm = 'aes-256-gcm';

/**
 * Seals a value.
 * @param key 32 bytes
 * @param salt 32 random bytes, never the same twice with one key
 */
export function sealEnvelope(
  key: KeyObject,
  keyId: string,
  place: Place,
  plain: Uint8Array,
  salt: Uint8Array,
): Buffer {
  const header = Buffer.concat([head, uuidBytes(keyId), salt]);
  const bound = boundBytes(place);
  const { messageKey, commitment } = deriveMessageKey(key, salt, bound);
  const cipher = createCipheriv(algorithm, messageKey, nonce).setAAD(Buffer.concat([bound, header]));
  return Buffer.concat([header, commitment, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens a value; undefined when it was changed or moved, or sealed with another key. Which of them, it does not say. */
export function openEnvelope(key: KeyObject, place: Place, envelope: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength);
  if (keyIdOf(bytes) === undefined) return undefined;
  const bound = boundBytes(place);
  const { messageKey, commitment } = deriveMessageKey(key, bytes.subarray(saltAt, commitmentAt), bound);
  if (!timingSafeEqual(commitment, bytes.subarray(commitmentAt, bodyAt))) return undefined;
  const tagAt = bytes.length - tagBytes;
  const decipher = createDecipheriv(algorithm, messageKey, nonce, { authTagLength: tagBytes })
    .setAAD(Buffer.concat([bound, bytes.subarray(0, commitmentAt)]))
    .setAuthTag(bytes.subarray(tagAt));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(bodyAt, tagAt)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** The data key that an envelope names; undefined when it is none, or of a form that this version does not know. */
export function keyIdOf(envelope: Buffer): string | undefined {
  if (envelope.length < bodyAt + tagBytes || !envelope.subarray(0, head.length).equals(head))
    return undefined;
  const hex = envelope.toString('hex', head.length, saltAt);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** `dwa1`, then organization, table, column and the parts of the row's key, each behind its length in two bytes. */
export function boundBytes({ organization, table, column, row }: Place): Buffer {
  return lengthPrefixed('dwa1', [organization, table, column, ...row]);
}

/** A mark and texts that cannot be told from each other otherwise than by their lengths, big-endian. */
export function lengthPrefixed(mark: string, texts: readonly string[]): Buffer {
  const parts = [Buffer.from(mark)];
  for (const text of texts) {
    const bytes = Buffer.from(text, 'utf8');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
}

function deriveMessageKey(key: KeyObject, salt: Uint8Array, bound: Buffer) {
  const info = Buffer.concat([
    Buffer.from('dartwing/enc/v1\u0001'),
    createHash('sha256').update(bound).digest(),
  ]);
  // HKDF (RFC 5869) of 64 bytes, written out: hkdfSync() takes three times as long as its three HMACs.
  const secret = key.export();
  const extracted = createHmac('sha256', salt).update(secret).digest();
  secret.fill(0);
  const expand = (...parts: Buffer[]) =>
    parts.reduce((hmac, part) => hmac.update(part), createHmac('sha256', extracted)).digest();
  const messageKey = expand(info, Buffer.from([1]));
  return { messageKey, commitment: expand(messageKey, info, Buffer.from([2])) };
}

function uuidBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}
