/** Every SQL statement of signed checkpoints. Table names are resolved by the connection's search path. */
import { instantSql } from '../instant.js';
import type { Frontier } from '../merkle.js';
import type { Queryable } from '../ports.js';

/** A checkpoint as it is stored. Nothing about it is trusted but what its note is found to sign. */
export interface StoredCheckpoint {
  readonly organization: string;
  readonly epoch: number;
  readonly size: number;
  /** Number in the log over all organizations; undefined for the log's own. */
  readonly place: number | undefined;
  readonly root: Buffer;
  readonly frontier: Frontier;
  /** Chain value and instant of the last entry; undefined for the log's own. */
  readonly chain: Buffer | undefined;
  readonly lastAt: string | undefined;
  readonly note: string;
}

interface CheckpointRow extends Record<string, unknown> {
  organization: string;
  epoch: number;
  size: string;
  place: string | null;
  root: Buffer;
  frontier: Buffer[];
  chain: Buffer | null;
  last_instant: string | null;
  note: string;
}

const checkpointColumns = `organization, epoch, size, place, root, frontier, chain,
  ${instantSql('last_at')} as last_instant, note`;

function storedCheckpoint(row: CheckpointRow): StoredCheckpoint {
  const { organization, epoch, size, place, root, frontier, chain, last_instant, note } = row;
  return {
    organization,
    epoch,
    size: Number(size),
    place: place === null ? undefined : Number(place),
    root,
    frontier,
    chain: chain ?? undefined,
    lastAt: last_instant ?? undefined,
    note,
  };
}

/** What signing needs to know of the installation. */
export interface DeploymentState {
  readonly deployment: string;
  /** Generation and verifier of the key that signs; undefined before the first signature. */
  readonly signer: { readonly generation: number; readonly verifier: string } | undefined;
  readonly epoch: number;
}

export async function readDeployment(tx: Queryable): Promise<DeploymentState> {
  const { rows } = await tx.query<{
    deployment: string;
    generation: number | null;
    verifier: string | null;
    epoch: number;
  }>(
    `select deployment, generation, verifier,
       (select coalesce(max(epoch), 1) from audit_epoch where organization = 'DEPLOYMENT') as epoch
     from installation left join lateral
       (select generation, verifier from audit_signer where organization = 'SYSTEM'
        order by generation desc limit 1) signer on true`,
    [],
    'dartwing_audit_deployment',
  );
  const { deployment, generation, verifier, epoch } = rows[0]!;
  return {
    deployment,
    epoch,
    signer: generation === null || verifier === null ? undefined : { generation, verifier },
  };
}

/** Trails that grew, or shrank, since their newest checkpoint: those with enough new entries or a checkpoint of age. */
export async function listDueTrails(
  tx: Queryable,
  due: { organization: string | undefined; entries: number; ageMs: number; limit: number },
): Promise<string[]> {
  const { rows } = await tx.query<{ organization: string }>(
    `select head.organization from audit_head head
     left join lateral (
       select size, signed_at from audit_checkpoint last where last.organization = head.organization
       order by epoch desc, size desc limit 1) last on true
     where head.seq is distinct from last.size and ($1::text is null or head.organization = $1)
       and (last.size is null or head.seq < last.size or head.seq - last.size >= $2
         or last.signed_at <= clock_timestamp() - $3 * interval '1 millisecond')
     order by head.organization limit $4`,
    [due.organization ?? null, due.entries, due.ageMs, due.limit],
    'dartwing_audit_due',
  );
  return rows.map((row) => row.organization);
}

/** The newest checkpoint of a trail, or of the log; with `before` the newest whose entries were sequenced by then. */
export async function readNewestCheckpoint(
  tx: Queryable,
  organization: string,
  before?: Date,
): Promise<StoredCheckpoint | undefined> {
  const { rows } = await tx.query<CheckpointRow>(
    `select ${checkpointColumns} from audit_checkpoint
     where organization = $1 and ($2::timestamptz is null or last_at <= $2)
     order by epoch desc, size desc limit 1`,
    [organization, before ?? null],
    'dartwing_audit_newest_checkpoint',
  );
  return rows.map(storedCheckpoint)[0];
}

/** The checkpoint of a trail with the smallest size that is at least `size`; of a log, of the newest epoch. */
export async function readCheckpointFrom(
  tx: Queryable,
  organization: string,
  size: number,
): Promise<StoredCheckpoint | undefined> {
  const { rows } = await tx.query<CheckpointRow>(
    `select ${checkpointColumns} from audit_checkpoint
     where organization = $1 and size >= $2 order by epoch desc, size desc limit 1`,
    [organization, size],
  );
  return rows.map(storedCheckpoint)[0];
}

/** The checkpoint of exactly this size and epoch; of the newest epoch unless told. */
export async function readCheckpointOf(
  tx: Queryable,
  organization: string,
  { size, epoch }: { size: number; epoch?: number | undefined },
): Promise<StoredCheckpoint | undefined> {
  const { rows } = await tx.query<CheckpointRow>(
    `select ${checkpointColumns} from audit_checkpoint
     where organization = $1 and size = $2 and ($3::integer is null or epoch = $3) order by epoch desc limit 1`,
    [organization, size, epoch ?? null],
  );
  return rows.map(storedCheckpoint)[0];
}

/** A page of the checkpoints of a trail, by size, behind a size and epoch. */
export async function listCheckpoints(
  tx: Queryable,
  organization: string,
  after: { size: number; epoch: number },
  limit: number,
): Promise<StoredCheckpoint[]> {
  const { rows } = await tx.query<CheckpointRow>(
    `select ${checkpointColumns} from audit_checkpoint
     where organization = $1 and (size, epoch) > ($2, $3) order by size, epoch limit $4`,
    [organization, after.size, after.epoch, limit],
    'dartwing_audit_checkpoints',
  );
  return rows.map(storedCheckpoint);
}

/** A page of the log over all organizations, in its order; equal places by organization. */
export async function listLogEntries(
  tx: Queryable,
  after: { place: number; organization: string; size: number },
  limit: number,
): Promise<StoredCheckpoint[]> {
  const { rows } = await tx.query<CheckpointRow>(
    `select ${checkpointColumns} from audit_checkpoint
     where place is not null and (place, organization, size) > ($1, $2, $3)
     order by place, organization, size limit $4`,
    [after.place, after.organization, after.size, limit],
    'dartwing_audit_log',
  );
  return rows.map(storedCheckpoint);
}

/** Organizations that checkpoints tell of. */
export async function listCheckpointed(tx: Queryable): Promise<string[]> {
  const { rows } = await tx.query<{ organization: string }>(
    `with recursive trail (organization) as (
       (select organization from audit_checkpoint order by organization limit 1)
       union all
       select (select next.organization from audit_checkpoint next
               where next.organization > trail.organization order by next.organization limit 1)
       from trail where trail.organization is not null
     )
     select organization from trail where organization <> 'DEPLOYMENT'`,
  );
  return rows.map((row) => row.organization);
}

/** Whether this transaction is now the only one that may append to the log; never waits. */
export async function claimLog(tx: Queryable): Promise<boolean> {
  const { rows } = await tx.query<{ claimed: boolean }>(
    "select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.audit log', 0)) as claimed",
    [],
    'dartwing_audit_claim_log',
  );
  return rows[0]!.claimed;
}

export async function insertCheckpoints(
  tx: Queryable,
  checkpoints: readonly StoredCheckpoint[],
  /** Leave those that are there as they are. */
  ifMissing = false,
): Promise<void> {
  for (const one of checkpoints) {
    await tx.query(
      `insert into audit_checkpoint (organization, epoch, size, place, root, frontier, chain, last_at, note)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)${ifMissing ? ' on conflict do nothing' : ''}`,
      [
        one.organization,
        one.epoch,
        one.size,
        one.place ?? null,
        one.root,
        one.frontier,
        one.chain ?? null,
        one.lastAt ?? null,
        one.note,
      ],
      ifMissing ? undefined : 'dartwing_audit_checkpoint',
    );
  }
}

export async function insertSigner(
  tx: Queryable,
  signer: { generation: number; verifier: string },
): Promise<void> {
  await tx.query(
    `insert into audit_signer (organization, generation, verifier) values ('SYSTEM', $1, $2)
     on conflict (organization, generation) do nothing`,
    [signer.generation, signer.verifier],
  );
}

/** The hashes of the first `size` leaves of a trail, in order. */
export async function readLeaves(tx: Queryable, organization: string, size: number): Promise<Buffer[]> {
  const { rows } = await tx.query<{ leaf: Buffer }>(
    'select leaf from audit_event where organization = $1 and seq <= $2 order by seq',
    [organization, size],
  );
  return rows.map(({ leaf }) => leaf);
}

/** The notes of the first `size` entries of the log, in order. */
export async function readLogNotes(tx: Queryable, size: number): Promise<string[]> {
  const { rows } = await tx.query<{ note: string }>(
    'select note from audit_checkpoint where place <= $1 order by place',
    [size],
  );
  return rows.map(({ note }) => note);
}

/** What an epoch lost. */
export interface StoredEpoch {
  readonly organization: string;
  readonly epoch: number;
  readonly kept: number;
  readonly lost: number;
  readonly mac: Buffer;
}

export async function listEpochs(tx: Queryable): Promise<StoredEpoch[]> {
  const { rows } = await tx.query<{
    organization: string;
    epoch: number;
    kept: string;
    lost: string;
    mac: Buffer;
  }>('select organization, epoch, kept, lost, mac from audit_epoch order by organization, epoch');
  return rows.map(({ kept, lost, ...row }) => ({ ...row, kept: Number(kept), lost: Number(lost) }));
}
export async function insertEpoch(
  tx: Queryable,
  { organization, epoch, kept, lost, mac }: StoredEpoch,
): Promise<void> {
  await tx.query(
    'insert into audit_epoch (organization, epoch, kept, lost, mac) values ($1, $2, $3, $4, $5)',
    [organization, epoch, kept, lost, mac],
  );
}
