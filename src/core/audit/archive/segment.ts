/**
 * Segments of a trail as they lie in the archive: lines of JSON, compressed, the same bytes whenever they are made of
 * the same entries; and a manifest beside each, which binds it to the one before. Pure.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { canonicalJson } from '../../json.js';
import { auditBounds } from '../bounds.js';
import { sha256 } from '../merkle.js';

/** One entry of a segment: of a trail its body and time, of the log a signed note. */
export interface SegmentLine {
  readonly seq: number;
  readonly at?: string;
  readonly body?: string;
  readonly organization?: string;
  readonly note?: string;
}

/** Where a walk stands, in hexadecimal. */
export interface ManifestPosition {
  readonly seq: number;
  readonly at: string;
  readonly chain: string;
  readonly frontier: readonly string[];
}

/** The manifest of a segment. Hashes are hexadecimal. */
export interface Manifest {
  readonly format: 1;
  readonly deployment: string;
  readonly organization: string;
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly key: string;
  readonly version_id: string | null;
  readonly genesis_at: string | null;
  readonly before: ManifestPosition;
  readonly after: ManifestPosition;
  /** Signed note over the first `last` entries, when there is one of that size. */
  readonly checkpoint: string | null;
  readonly verifier: string | null;
  readonly previous: {
    readonly key: string;
    readonly version_id: string | null;
    readonly sha256: string;
  } | null;
}

/** Everything of the archive begins so. */
export const archiveRoot = 'audit/v1/';

/** The object of a segment. */
export function encodeSegment(lines: readonly SegmentLine[]): Buffer {
  const text = lines.map((line) => `${canonicalJson(line)}\n`).join('');
  const bytes = gzipSync(text, { level: 9 });
  // The operating system in the header (RFC 1952 §2.3.1) would make the same entries other bytes elsewhere.
  bytes[9] = 255;
  return bytes;
}

/** The lines of an object; undefined when it is none, or too large. */
export function decodeSegment(bytes: Buffer): SegmentLine[] | undefined {
  try {
    const text = gunzipSync(bytes, { maxOutputLength: auditBounds.segmentTextBytesMax }).toString();
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as SegmentLine);
  } catch {
    return undefined;
  }
}

/** The key of a segment: `at` is the instant of its last entry. */
export function segmentKey(
  { organization, first, last, at }: { organization: string; first: number; last: number; at: string },
  bytes: Buffer,
): string {
  const padded = (number: number) => String(number).padStart(20, '0');
  const month = at.slice(0, 7).replace('-', '/');
  const hash = sha256(bytes).toString('hex').slice(0, 16);
  return `${archiveRoot}${organization}/${month}/${padded(first)}-${padded(last)}.${hash}.jsonl.gz`;
}

export function manifestKey(key: string): string {
  return key.replace(/\.jsonl\.gz$/, '.manifest.json');
}

/** What a key says; undefined for what is not ours. */
export function readKey(
  key: string,
): { organization: string; first: number; last: number; isManifest: boolean } | undefined {
  const parts =
    /^audit\/v1\/([^/]+)\/\d{4}\/\d{2}\/(\d{20})-(\d{20})\.[0-9a-f]{16}\.(jsonl\.gz|manifest\.json)$/.exec(
      key,
    );
  if (parts === null) return undefined;
  const [, organization, first, last, end] = parts as unknown as [string, string, string, string, string];
  return { organization, first: Number(first), last: Number(last), isManifest: end === 'manifest.json' };
}

export function encodeManifest(manifest: Manifest): Buffer {
  return Buffer.from(`${canonicalJson(manifest)}\n`);
}

/** The manifest of an object; undefined when it is none of ours. */
export function decodeManifest(bytes: Buffer): Manifest | undefined {
  try {
    const manifest = JSON.parse(bytes.toString()) as Manifest;
    const isOurs = manifest.format === 1 && encodeManifest(manifest).equals(bytes);
    return isOurs && Array.isArray(manifest.after.frontier) ? manifest : undefined;
  } catch {
    return undefined;
  }
}
