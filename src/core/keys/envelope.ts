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

/** A place with what is computed from it alone, for whoever opens and seals a value of the same place. */
export interface BoundPlace extends Place {
  readonly bytes: Buffer;
  /** What the keys of its messages are derived with. */
  readonly info: Buffer;
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
  place: Place | BoundPlace,
  plain: Uint8Array,
  salt: Uint8Array,
): Buffer {
  const header = Buffer.concat([head, uuidBytes(keyId), salt]);
  const { bytes: bound, info } = bindPlace(place);
  const { messageKey, commitment } = deriveMessageKey(key, salt, info);
  const cipher = createCipheriv(algorithm, messageKey, nonce).setAAD(Buffer.concat([bound, header]));
  return Buffer.concat([header, commitment, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens a value; undefined when it was changed or moved, or sealed with another key. Which of them, it does not say. */
export function openEnvelope(
  key: KeyObject,
  place: Place | BoundPlace,
  envelope: Uint8Array,
): Buffer | undefined {
  const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength);
  if (keyIdOf(bytes) === undefined) return undefined;
  const { bytes: bound, info } = bindPlace(place);
  const { messageKey, commitment } = deriveMessageKey(key, bytes.subarray(saltAt, commitmentAt), info);
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
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** `dwa1`, then organization, table, column and the parts of the row's key, each behind its length in two bytes. */
export function boundBytes({ organization, table, column, row }: Place): Buffer {
  return lengthPrefixed('dwa1', [organization, table, column, ...row]);
}

/** A mark and texts that cannot be told from each other otherwise than by their lengths, big-endian. */
export function lengthPrefixed(mark: string, texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text, 'utf8'));
  const bytes = Buffer.alloc(lengths.reduce((sum, length) => sum + 2 + length, mark.length));
  let at = bytes.write(mark, 0, 'latin1');
  for (const [index, text] of texts.entries()) {
    at = bytes.writeUInt16BE(lengths[index]!, at);
    at += bytes.write(text, at, 'utf8');
  }
  return bytes;
}

const infoMark = Buffer.from('dartwing/enc/v1\u0001');

/** Computes what belongs to a place, once. */
export function bindPlace(place: Place | BoundPlace): BoundPlace {
  if ('info' in place) return place;
  const bytes = boundBytes(place);
  const info = Buffer.concat([infoMark, createHash('sha256').update(bytes).digest()]);
  return { ...place, bytes, info };
}

const [first, second] = [Buffer.from([1]), Buffer.from([2])];

function deriveMessageKey(key: KeyObject, salt: Uint8Array, info: Buffer) {
  // HKDF (RFC 5869) of 64 bytes, written out: hkdfSync() takes three times as long as its three HMACs.
  const secret = key.export();
  const extracted = createHmac('sha256', salt).update(secret).digest();
  secret.fill(0);
  const messageKey = createHmac('sha256', extracted).update(info).update(first).digest();
  const commitment = createHmac('sha256', extracted).update(messageKey).update(info).update(second).digest();
  return { messageKey, commitment };
}

function uuidBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}
