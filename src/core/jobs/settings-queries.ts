/** Queue classes, limits of organizations, workers. */
import type { Tx } from '../db/index.js';
import type { QueueName } from './definition.js';

export interface QueueRow {
  name: QueueName;
  concurrency: number;
  timeout_ms: number;
  queued_max: number | null;
  per_minute: number | null;
  delays_ms: string[];
  paused_at: Date | null;
  paused_until: Date | null;
  paused_reason: string | null;
  paused_by: string | null;
  /** By the clock of the database. */
  is_paused: boolean;
}

const queueColumns = `name, concurrency, timeout_ms, queued_max, per_minute, delays_ms, paused_at, paused_until, paused_reason, paused_by,
  paused_at is not null and (paused_until is null or paused_until > clock_timestamp()) as is_paused`;

export async function listQueues(tx: Tx): Promise<QueueRow[]> {
  const text = `select ${queueColumns} from job_queue order by array_position(array['critical', 'default', 'bulk'], name)`;
  return (await tx.query<QueueRow>(text, [], 'dartwing_job_queues')).rows;
}

/** Sets columns of a queue; their names come from this room. */
export async function updateQueue(
  tx: Tx,
  name: string,
  changes: Partial<Omit<QueueRow, 'name' | 'is_paused'>>,
): Promise<QueueRow | undefined> {
  const names = Object.keys(changes);
  const assignments = names.map((column, index) => `${column} = $${index + 2}`).join(', ');
  const text = `update job_queue set ${assignments} where name = $1 returning ${queueColumns}`;
  return (await tx.query<QueueRow>(text, [name, ...Object.values(changes)])).rows[0];
}

/** Limits of one organization in one queue; null holds what the queue says. */
export interface LimitRow {
  organization: string;
  queue: QueueName;
  running_max: number | null;
  queued_max: number | null;
  per_minute: number | null;
  weight: number | null;
}

/** Organizations with limits of their own. */
export async function listLimits(tx: Tx, queues: readonly QueueName[]): Promise<LimitRow[]> {
  const text = `select organization, queue, running_max, queued_max, per_minute, weight from job_limit where queue = any ($1)`;
  return (await tx.query<LimitRow>(text, [queues], 'dartwing_job_limits')).rows;
}

export async function findLimit(tx: Tx, organization: string, queue: string): Promise<LimitRow | undefined> {
  const text = `select organization, queue, running_max, queued_max, per_minute, weight from job_limit
    where organization = $1 and queue = $2`;
  return (await tx.query<LimitRow>(text, [organization, queue])).rows[0];
}

export async function upsertLimit(tx: Tx, limit: LimitRow, by: string): Promise<void> {
  const text = `insert into job_limit (organization, queue, running_max, queued_max, per_minute, weight, modified_at, modified_by)
    values ($1, $2, $3, $4, $5, $6, clock_timestamp(), $7)
    on conflict (organization, queue) do update set running_max = $3, queued_max = $4, per_minute = $5, weight = $6,
      modified_at = clock_timestamp(), modified_by = $7`;
  const { organization, queue, running_max, queued_max, per_minute, weight } = limit;
  await tx.query(text, [organization, queue, running_max, queued_max, per_minute, weight, by]);
}

export interface WorkerRow {
  id: string;
  name: string;
  host: string;
  pid: number;
  slots: Record<string, number>;
  started_at: Date;
  seen_at: Date;
  stats: Record<string, unknown>;
  draining: boolean;
  /** Milliseconds since its last heartbeat, by the clock of the database. */
  silent_ms: number;
}

export async function insertWorker(
  tx: Tx,
  worker: Pick<WorkerRow, 'id' | 'name' | 'host' | 'pid' | 'slots'>,
): Promise<void> {
  const text = 'insert into job_worker (id, name, host, pid, slots) values ($1, $2, $3, $4, $5)';
  const { id, name, host, pid, slots } = worker;
  await tx.query(text, [id, name, host, pid, JSON.stringify(slots)]);
}

/**
 * Tells that a worker lives, and hears whether another has been silent for `silentMs`. Undefined when others have
 * declared this one dead.
 */
export async function touchWorker(
  tx: Tx,
  id: string,
  facts: { slots: object; stats: object; draining: boolean },
  silentMs: number,
): Promise<{ is_another_silent: boolean } | undefined> {
  const text = `update job_worker set seen_at = clock_timestamp(), slots = $2, stats = $3, draining = $4 where id = $1
    returning exists (
      select from job_worker o where o.id <> $1 and o.seen_at < clock_timestamp() - $5 * interval '1 millisecond'
    ) as is_another_silent`;
  const values = [id, JSON.stringify(facts.slots), JSON.stringify(facts.stats), facts.draining, silentMs];
  return (await tx.query<{ is_another_silent: boolean }>(text, values, 'dartwing_job_heartbeat')).rows[0];
}

export async function listWorkers(tx: Tx): Promise<WorkerRow[]> {
  const text = `select *, (extract(epoch from clock_timestamp() - seen_at) * 1000)::float8 as silent_ms from job_worker
    order by started_at limit 1000`;
  return (await tx.query<WorkerRow>(text)).rows;
}

/** Locks workers that have been silent for too long. */
export async function lockSilentWorkers(tx: Tx, silentMs: number): Promise<string[]> {
  const text = `select id from job_worker where seen_at < clock_timestamp() - $1 * interval '1 millisecond'
    order by seen_at limit 20 for update skip locked`;
  return (await tx.query<{ id: string }>(text, [silentMs], 'dartwing_job_silent')).rows.map(({ id }) => id);
}

/** Forgets dead workers that hold no job any more. */
export async function deleteEmptyWorkers(tx: Tx, ids: readonly string[]): Promise<void> {
  const text = `delete from job_worker w where w.id = any ($1)
    and not exists (select from job j where j.state = 'running' and j.worker = w.id)`;
  await tx.query(text, [ids]);
}

/** Writes down the types of a worker. Whether a type is enabled stays as it was set. */
export async function upsertTypes(tx: Tx, types: readonly { name: string; queue: string }[]): Promise<void> {
  const text = `insert into job_type (name, queue, definition, registered_at)
    select t.definition ->> 'name', t.definition ->> 'queue', t.definition, clock_timestamp()
    from jsonb_array_elements($1::jsonb) as t (definition)
    on conflict (name) do update set queue = excluded.queue, definition = excluded.definition, registered_at = excluded.registered_at`;
  await tx.query(text, [JSON.stringify(types)]);
}
