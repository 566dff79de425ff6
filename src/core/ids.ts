/**
 * Names of records. A series id carries its kind and, where the requirements say so, its year:
 * `ORG-2026-00001`. The number comes from a PostgreSQL sequence, so concurrent processes never wait for each
 * other and never meet; a rolled back transaction leaves a gap, which is no error.
 */
import { randomBytes } from 'node:crypto';

/** Series of the requirements (§2.5) with their shape. */
export const series = Object.freeze({
  organization: { prefix: 'ORG', yearly: true },
  person: { prefix: 'PERSON', yearly: true },
  family: { prefix: 'FAM', yearly: false },
  company: { prefix: 'CO', yearly: false },
  association: { prefix: 'ASSOC', yearly: false },
  nonprofit: { prefix: 'NPO', yearly: false },
  equipment: { prefix: 'EQ', yearly: false },
  job: { prefix: 'JOB', yearly: true },
});

export type SeriesName = keyof typeof series;

/** Formats a number of a series, padded to five digits; larger numbers simply grow. */
export function seriesId(name: SeriesName, number: number | string, at: Date): string {
  const { prefix, yearly } = series[name];
  const digits = String(number).padStart(5, '0');
  return yearly ? `${prefix}-${at.getUTCFullYear()}-${digits}` : `${prefix}-${digits}`;
}

/** A number in a series that a doctype declares, formed like those of dartwing's own records. */
export function seriesName(
  { prefix, yearly }: { prefix: string; yearly: boolean },
  number: string,
  at: Date,
): string {
  const digits = number.padStart(5, '0');
  return yearly ? `${prefix}-${at.getUTCFullYear()}-${digits}` : `${prefix}-${digits}`;
}

/** Whether a text has the form of an organization id, so that it is not taken for a slug. */
export function isOrganizationId(text: string): boolean {
  return /^ORG-\d{4}-\d{5,}$/.test(text);
}

/** Names one request in logs, entries of the trail, and the answer that somebody may report. */
export function newRequestId(at: Date): string {
  return `req_${uuidv7(at)}`;
}

/**
 * A UUID version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random bits. Sorts by time.
 */
export function uuidv7(at: Date): string {
  const bytes = randomPart(16);
  bytes.writeUIntBE(at.getTime(), 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Random bytes are taken from a larger piece: asking the system for each few of them costs more than what they are for. */
const piece = { bytes: Buffer.alloc(0), used: 0 };
const pieceBytes = 4_096;

/** Bytes that nobody can guess and nobody else is given. */
export function randomPart(length: number): Buffer {
  if (piece.used + length > piece.bytes.length) {
    piece.bytes = randomBytes(Math.max(pieceBytes, length));
    piece.used = 0;
  }
  const part = piece.bytes.subarray(piece.used, piece.used + length);
  piece.used += length;
  return part;
}
