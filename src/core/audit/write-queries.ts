/** Every SQL statement that writes the audit trail. Table names are resolved by the connection's search path. */

import { sequencedChannel, stagedChannel } from './channels.js';
import { clearColumns } from './columns.js';
import type { AuditBody } from './entry.js';
import type { ChainedEntry, ChainHead } from './head.js';
import { instantSql } from './instant.js';
import type { AuditTransaction, Queryable } from './ports.js';

/** A staged entry: its exact bytes, its MAC and the number of the key that made it. */
export interface StagedEntry {
  readonly organization: string;
  readonly body: Buffer;
  readonly mac: Buffer;
  readonly keyId: number;
}

/** A staged entry in the sequencer's hands. `stagedAt` is an instant text. */
export interface TakenEntry extends StagedEntry {
  readonly id: number;
  readonly stagedAt: string;
}

/** Nothing in a transaction depends on what is staged, but that it is committed: so nobody waits for the answer. */
async function send(
  tx: AuditTransaction,
  text: string,
  values: readonly unknown[],
  name: string,
): Promise<void> {
  if (tx.send === undefined) await tx.query(text, values, name);
  else tx.send(text, values, name);
}

/** Stages one entry. */
export async function insertStagedEntry(
  tx: AuditTransaction,
  { organization, body, mac, keyId }: StagedEntry,
): Promise<void> {
  await send(
    tx,
    'insert into audit_stage (organization, body, mac, key_id) values ($1, $2, $3, $4)',
    [organization, body, mac, keyId],
    'dartwing_audit_stage',
  );
}

/** Stages several entries; their ids follow the order of the list. */
export async function insertStagedEntries(
  tx: AuditTransaction,
  entries: readonly StagedEntry[],
): Promise<void> {
  await send(
    tx,
    `insert into audit_stage (organization, body, mac, key_id)
     select organization, body, mac, key_id
     from unnest($1::text[], $2::bytea[], $3::bytea[], $4::integer[])
       with ordinality as entry (organization, body, mac, key_id, place)
     order by place`,
    [
      entries.map((entry) => entry.organization),
      entries.map((entry) => entry.body),
      entries.map((entry) => entry.mac),
      entries.map((entry) => entry.keyId),
    ],
    'dartwing_audit_stage_many',
  );
}

/** Gives the rest of the transaction the rights of the sequencer. */
export async function becomeSequencer(tx: Queryable, role: string): Promise<void> {
  await tx.query("select set_config('role', $1, true)", [role], 'dartwing_audit_role');
}

/** Organizations with staged entries. Steps from one to the next in the index, so a long backlog costs nothing. */
export async function listStagedOrganizations(tx: Queryable): Promise<string[]> {
  const { rows } = await tx.query<{ organization: string }>(
    `with recursive staged (organization) as (
       (select organization from audit_stage order by organization limit 1)
       union all
       select (select next.organization from audit_stage next
               where next.organization > staged.organization order by next.organization limit 1)
       from staged where staged.organization is not null
     )
     select organization from staged where organization is not null`,
    [],
    'dartwing_audit_staged_organizations',
  );
  return rows.map((row) => row.organization);
}

/** What whoever sequences an organization holds until its transaction ends. */
const trailLock = "hashtextextended(current_schema() || '.audit:' || $1, 0)";

/** Whether this transaction is now the only one that may sequence the organization; never waits. */
export async function claimTrail(tx: Queryable, organization: string): Promise<boolean> {
  const { rows } = await tx.query<{ claimed: boolean }>(
    `select pg_try_advisory_xact_lock(${trailLock}) as claimed`,
    [organization],
    'dartwing_audit_claim',
  );
  return rows[0]!.claimed;
}

/** As `claimTrail`, and waits for whoever sequences the organization just now. */
export async function awaitTrail(tx: Queryable, organization: string): Promise<true> {
  await tx.query(`select pg_advisory_xact_lock(${trailLock})`, [organization], 'dartwing_audit_await_trail');
  return true;
}

/**
 * Takes the oldest staged entries of a claimed organization off the stage, in order. Entries of unknown keys
 * stay. At most `entriesMax`, and no more once `bytesMax` is reached.
 */
export async function takeStagedEntries(
  tx: Queryable,
  organization: string,
  known: { keyIds: readonly number[]; entriesMax: number; bytesMax: number },
): Promise<TakenEntry[]> {
  const { rows } = await tx.query<{
    id: string;
    body: Buffer;
    mac: Buffer;
    key_id: number;
    staged_at: string;
  }>(
    `with oldest as (
       select id, sum(octet_length(body)) over (order by id) - octet_length(body) as bytes_before
       from audit_stage where organization = $1 and key_id = any ($2::integer[])
       order by id limit $3
     ), taken as (
       delete from audit_stage stage using oldest
       where stage.organization = $1 and stage.id = oldest.id and oldest.bytes_before < $4
       returning stage.id, stage.body, stage.mac, stage.key_id, ${instantSql('stage.at')} as staged_at
     )
     select * from taken order by id`,
    [organization, known.keyIds, known.entriesMax, known.bytesMax],
    'dartwing_audit_take',
  );
  return rows.map(({ id, body, mac, key_id, staged_at }) => ({
    id: Number(id),
    organization,
    body,
    mac,
    keyId: key_id,
    stagedAt: staged_at,
  }));
}

/** Moves the head of a claimed trail. */
export async function saveHead(tx: Queryable, head: ChainHead): Promise<void> {
  await tx.query(
    `insert into audit_head (organization, seq, chain, frontier, genesis_at, last_at)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (organization) do update
       set seq = excluded.seq, chain = excluded.chain, frontier = excluded.frontier, last_at = excluded.last_at`,
    [head.organization, head.seq, head.chain, head.frontier, head.genesisAt, head.lastAt],
    'dartwing_audit_save_head',
  );
}

/** Makes the partitions of this month and of tomorrow's, so that the trails seldom have to. */
export async function openMonths(tx: Queryable): Promise<void> {
  await tx.query(
    "select ensure_audit_partition(clock_timestamp()), ensure_audit_partition(clock_timestamp() + interval '1 day')",
    [],
    'dartwing_audit_months',
  );
}

/** Makes the monthly partitions that hold the two instants, if they are missing. */
export async function ensurePartitions(tx: Queryable, first: string, last: string): Promise<void> {
  await tx.query(
    'select ensure_audit_partition($1::timestamptz), ensure_audit_partition($2::timestamptz)',
    [first, last],
    'dartwing_audit_partitions',
  );
}

/** Appends chained entries. The clear columns repeat the body, for filters; verify compares them. */
export async function insertEvents(tx: Queryable, entries: readonly ChainedEntry[]): Promise<void> {
  const columns = entries.map((entry) => clearColumns(JSON.parse(entry.body.toString()) as AuditBody));
  await tx.query(
    `insert into audit_event (organization, seq, at, action, actor_type, actor_id, via, doctype, document_name,
       is_phi, request_id, body, leaf, chain, previous)
     select $1, * from unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
       $8::text[], $9::text[], $10::boolean[], $11::text[], $12::bytea[], $13::bytea[], $14::bytea[], $15::bytea[])`,
    [
      entries[0]?.organization,
      entries.map((entry) => entry.seq),
      entries.map((entry) => entry.at),
      columns.map((column) => column.action),
      columns.map((column) => column.actor_type),
      columns.map((column) => column.actor_id),
      columns.map((column) => column.via),
      columns.map((column) => column.doctype),
      columns.map((column) => column.document_name),
      columns.map((column) => column.is_phi),
      columns.map((column) => column.request_id),
      entries.map((entry) => entry.body),
      entries.map((entry) => entry.leaf),
      entries.map((entry) => entry.chain),
      entries.map((entry) => entry.previous),
    ],
    'dartwing_audit_append',
  );
}

/** Tells sequencers of other processes that something is staged. The entries are safe already; a ring may be lost. */
export async function announceStaged(tx: Queryable): Promise<void> {
  await tx.query(
    "select set_config('synchronous_commit', 'off', true), pg_notify($1, '')",
    [stagedChannel],
    'dartwing_audit_announce_staged',
  );
}

/**
 * Tells readers that trails grew. In a transaction of its own: NOTIFY holds a lock until commit that would make
 * the trails wait for each other's fsync, and its own fsync is worth nothing.
 */
export async function announceSequenced(tx: Queryable): Promise<void> {
  await tx.query(
    "select set_config('synchronous_commit', 'off', true), pg_notify($1, '')",
    [sequencedChannel],
    'dartwing_audit_announce',
  );
}
