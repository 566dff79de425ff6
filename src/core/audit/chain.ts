/**
 * Format 1 of the audit chain. Each hash begins with a byte of its own, so that none can be taken for another.
 *
 * ```
 * LP(text)  = u32 length in bytes, big endian || UTF-8
 * leaf_n    = SHA-256(0x00 || body || 0x00 || LP(organization) || u64(n) || LP(at))      RFC 6962 leaf
 * chain_0   = SHA-256(0x03 || "dartwing-audit-v1" || LP(organization) || LP(genesis at))
 * chain_n   = SHA-256(0x02 || chain_(n-1) || leaf_n)
 * ```
 * Number and time of sequencing are bound by the leaf although the body was written before they were known.
 * Canonical JSON holds no zero byte, so the one behind the body ends it.
 */
import { leafHash, sha256 } from './merkle.js';

const linkPrefix = Buffer.from([0x02]);
const genesisPrefix = Buffer.concat([Buffer.from([0x03]), Buffer.from('dartwing-audit-v1')]);
const bodyEnd = Buffer.from([0x00]);

/** What the leaf of an entry binds. `at` is the sequencing time as an `Instant` text, `seq` counts from 1. */
export interface Sequenced {
  readonly organization: string;
  readonly seq: number;
  readonly at: string;
  readonly body: Buffer;
}

/** A text with its length before it, so that two neighbours cannot exchange bytes. */
export function lengthPrefixed(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(4 + length);
  bytes.writeUInt32BE(length);
  bytes.write(text, 4);
  return bytes;
}

/** Leaf hash of an entry at its place. */
export function entryLeaf({ organization, seq, at, body }: Sequenced): Buffer {
  const place = Buffer.allocUnsafe(8);
  place.writeBigInt64BE(BigInt(seq));
  return leafHash(body, bodyEnd, lengthPrefixed(organization), place, lengthPrefixed(at));
}

/** The value the first entry of an organization is chained to. `at` is when its trail began. */
export function genesis(organization: string, at: string): Buffer {
  return sha256(genesisPrefix, lengthPrefixed(organization), lengthPrefixed(at));
}

/** The chain value of an entry: what the requirements call its checksum. */
export function link(previous: Buffer, leaf: Buffer): Buffer {
  return sha256(linkPrefix, previous, leaf);
}
