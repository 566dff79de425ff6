/** Every SQL statement of the archive. Table names are resolved by the connection's search path. */
import { instantSql } from '../instant.js';
import type { Frontier } from '../merkle.js';
import type { Queryable } from '../ports.js';

/** A segment that was planned or sealed. `after` is where the walk stands behind its last entry. */
export interface StoredSegment {
  readonly organization: string;
  readonly store: string;
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  readonly key: string;
  readonly sha256: Buffer;
  readonly bytes: number;
  readonly after: { readonly frontier: Frontier; readonly chain: Buffer; readonly at: string };
  readonly versionId: string | null;
  readonly manifestVersion: string | null;
  readonly manifestSha256: Buffer | undefined;
  readonly isSealed: boolean;
}

/** The two newest segments of a trail in a store, the newest first. */
export async function readLastSegments(
  tx: Queryable,
  organization: string,
  store: string,
): Promise<StoredSegment[]> {
  const { rows } = await tx.query<{
    epoch: number;
    first_seq: string;
    last_seq: string;
    key: string;
    sha256: Buffer;
    bytes: string;
    frontier: Buffer[];
    chain: Buffer;
    last_instant: string;
    version_id: string | null;
    manifest_version: string | null;
    manifest_sha256: Buffer | null;
    is_sealed: boolean;
  }>(
    `select epoch, first_seq, last_seq, key, sha256, bytes, frontier, chain, ${instantSql('last_at')} as last_instant,
       version_id, manifest_version, manifest_sha256, sealed_at is not null as is_sealed
     from audit_segment where organization = $1 and store = $2 order by first_seq desc limit 2`,
    [organization, store],
  );
  return rows.map((row) => ({
    organization,
    store,
    epoch: row.epoch,
    first: Number(row.first_seq),
    last: Number(row.last_seq),
    key: row.key,
    sha256: row.sha256,
    bytes: Number(row.bytes),
    after: { frontier: row.frontier, chain: row.chain, at: row.last_instant },
    versionId: row.version_id,
    manifestVersion: row.manifest_version,
    manifestSha256: row.manifest_sha256 ?? undefined,
    isSealed: row.is_sealed,
  }));
}

/** Plans a segment, unless another process has planned one that begins there. */
export async function insertSegment(tx: Queryable, segment: StoredSegment): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into audit_segment (organization, store, epoch, first_seq, last_seq, key, sha256, bytes, frontier, chain, last_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`,
    [
      segment.organization,
      segment.store,
      segment.epoch,
      segment.first,
      segment.last,
      segment.key,
      segment.sha256,
      segment.bytes,
      segment.after.frontier,
      segment.after.chain,
      segment.after.at,
    ],
  );
  return rowCount === 1;
}

/** Marks a planned segment as sealed; who comes second changes nothing. */
export async function sealSegment(
  tx: Queryable,
  { organization, store, first }: Pick<StoredSegment, 'organization' | 'store' | 'first'>,
  sealed: {
    versionId: string | null;
    manifestVersion: string | null;
    manifestSha256: Buffer;
    mode: string;
    retainUntil: Date | undefined;
  },
): Promise<void> {
  await tx.query(
    `update audit_segment set version_id = $4, manifest_version = $5, manifest_sha256 = $6, mode = $7,
       retain_until = $8, sealed_at = clock_timestamp()
     where organization = $1 and store = $2 and first_seq = $3 and sealed_at is null`,
    [
      organization,
      store,
      first,
      sealed.versionId,
      sealed.manifestVersion,
      sealed.manifestSha256,
      sealed.mode,
      sealed.retainUntil ?? null,
    ],
  );
}

/** Trails whose newest checkpoint tells of more than is sealed in a store; the log itself last. */
export async function listUnsealed(
  tx: Queryable,
  store: string,
  organization: string | undefined,
): Promise<string[]> {
  const { rows } = await tx.query<{ organization: string }>(
    `select distinct trail.organization, trail.organization = 'DEPLOYMENT' as is_log from audit_checkpoint trail
     where ($2::text is null or trail.organization = $2)
       and trail.size > coalesce((select max(last_seq) from audit_segment
         where organization = trail.organization and store = $1 and sealed_at is not null), 0)
     order by is_log, trail.organization`,
    [store, organization ?? null],
  );
  return rows.map((row) => row.organization);
}

/** When the log's entry was signed, as an instant text. */
export async function readSigningTime(tx: Queryable, place: number): Promise<string> {
  const { rows } = await tx.query<{ at: string }>(
    `select ${instantSql('signed_at')} as at from audit_checkpoint where place = $1`,
    [place],
  );
  return rows[0]!.at;
}
