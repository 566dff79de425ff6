/** Statements of submission. */
import type { Tx } from '../db/index.js';
import type { QueueName, StoredType } from './definition.js';
import type { JobRow, StoredPrincipal } from './row.js';

/** What submission needs to know of the organization, the queue and the type, in one look. */
export interface Place {
  slug: string;
  org_state: 'active' | 'inactive' | 'dissolved' | 'suspended';
  queue: QueueName;
  concurrency: number;
  timeout_ms: number;
  delays_ms: string[];
  queued_max: number | null;
  definition: StoredType | null;
  is_enabled: boolean | null;
}

const organizationState = `case when o.status <> 'active' then o.status
    when o.suspended_at is not null and (o.suspended_until is null or o.suspended_until > clock_timestamp()) then 'suspended'
    else 'active' end`;

/** @param queue null takes that of the registered type, or `default` */
export async function findPlace(
  tx: Tx,
  organization: string,
  type: string,
  queue: QueueName | null,
): Promise<Place | undefined> {
  const text = `select o.slug, ${organizationState} as org_state,
      q.name as queue, q.concurrency, q.timeout_ms, q.delays_ms, coalesce(l.queued_max, q.queued_max) as queued_max,
      t.definition, t.is_enabled
    from organization o
    left join job_type t on t.name = $2
    join job_queue q on q.name = coalesce($3, t.queue, 'default')
    left join job_limit l on l.organization = o.id and l.queue = q.name
    where o.id = $1`;
  return (await tx.query<Place>(text, [organization, type, queue], 'dartwing_job_place')).rows[0];
}

/** Names of the types that workers registered. */
export async function typeNames(tx: Tx): Promise<string[]> {
  const { rows } = await tx.query<{ name: string }>('select name from job_type order by name limit 1000');
  return rows.map(({ name }) => name);
}

/** Jobs of an organization that wait in a queue, counted no further than `max`. */
export async function countWaiting(
  tx: Tx,
  organization: string,
  queue: string,
  max: number,
): Promise<number> {
  const text = `select (select count(*) from (select from job where queue = $2 and organization = $1 and state = 'queued' limit $3) q)::int
    + (select count(*) from (select from job where queue = $2 and organization = $1 and state in ('pending', 'failed', 'timed_out') limit $3) w)::int
    as waiting`;
  const { rows } = await tx.query<{ waiting: number }>(
    text,
    [organization, queue, max],
    'dartwing_job_waiting',
  );
  return rows[0]!.waiting;
}

/** Lets submissions of the same work come one after another, until the transaction ends. */
export async function lockHashes(tx: Tx, hashes: readonly Buffer[]): Promise<void> {
  // In order, or two batches with the same jobs would wait for each other.
  const text = `select pg_advisory_xact_lock(key) from (
      select distinct hashtextextended('dartwing job ' || encode(hash, 'hex'), 0) as key from unnest($1::bytea[]) as hash
      order by 1) as keys`;
  await tx.query(text, [hashes], 'dartwing_job_lock');
}

/** Jobs that have not ended and do the same, created within their windows. */
export async function findTwins(
  tx: Tx,
  organization: string,
  hashes: readonly Buffer[],
  windowMs: number,
): Promise<Pick<JobRow, 'number' | 'created_at' | 'state' | 'hash'>[]> {
  const text = `select number, created_at, state, hash from job
    where organization = $1 and hash = any ($2) and created_at > clock_timestamp() - $3 * interval '1 millisecond'
    order by number`;
  const { rows } = await tx.query<Pick<JobRow, 'number' | 'created_at' | 'state' | 'hash'>>(
    text,
    [organization, hashes, windowMs],
    'dartwing_job_twins',
  );
  return rows;
}

/** Keeps a key for a submission; undefined when it is kept already. */
export async function insertKey(
  tx: Tx,
  organization: string,
  key: string,
  request: Buffer,
): Promise<boolean> {
  const text = `insert into job_key as k (organization, key, request, at) values ($1, $2, $3, clock_timestamp())
    on conflict (organization, key) do update set number = null, request = excluded.request, at = excluded.at
      where k.at < clock_timestamp() - interval '1 day'
    returning true as kept`;
  return (await tx.query(text, [organization, key, request], 'dartwing_job_key')).rowCount === 1;
}

export async function findKey(
  tx: Tx,
  organization: string,
  key: string,
): Promise<{ number: string | null; request: Buffer } | undefined> {
  const text = 'select number, request from job_key where organization = $1 and key = $2';
  return (await tx.query<{ number: string | null; request: Buffer }>(text, [organization, key])).rows[0];
}

export async function bindKey(tx: Tx, organization: string, key: string, number: string): Promise<void> {
  await tx.query('update job_key set number = $3 where organization = $1 and key = $2', [
    organization,
    key,
    number,
  ]);
}

/** A parent that has not ended: from now on it tells its children. */
export async function adoptByHot(tx: Tx, organization: string, number: string): Promise<Date | undefined> {
  const text = `update job set has_children = true where organization = $1 and number = $2 returning created_at`;
  return (await tx.query<{ created_at: Date }>(text, [organization, number])).rows[0]?.created_at;
}

/** How a parent ended. */
export async function findEnded(
  tx: Tx,
  organization: string,
  number: string,
): Promise<Pick<JobRow, 'state' | 'created_at'> | undefined> {
  const text = `select state, created_at from job_history where organization = $1 and number = $2
    union all select state, created_at from job_dead_letter where organization = $1 and number = $2 limit 1`;
  return (await tx.query<Pick<JobRow, 'state' | 'created_at'>>(text, [organization, number])).rows[0];
}

/** What all jobs of one submission share. */
export interface NewJobs {
  organization: string;
  queue: QueueName;
  type: string;
  priority: number;
  attemptsMax: number;
  timeoutMs: number;
  principal: StoredPrincipal;
  owner: string;
  parent: string | null;
  /** They wait for their parent. */
  isHeld: boolean;
  /** When they join the line; null is now. */
  runAt: Date | null;
  requestId: string | null;
  traceparent: string | null;
  inputs: readonly string[];
  /** Empty where repeats are allowed, else one for each input. */
  hashes: readonly (Buffer | null)[];
  /** Nothing is inserted when one of them does what a job of this time does that has not ended; 0 does not look. */
  twinsMs: number;
}

/** What the database gave a new job. */
export type Inserted = Pick<JobRow, 'number' | 'turn' | 'created_at'>;

/**
 * Inserts jobs in the order of their inputs: all of them, or none when the organization may have none.
 * @param isLast the transaction ends with it
 */
export async function insertJobs(tx: Tx, jobs: NewJobs, isLast: boolean): Promise<Inserted[]> {
  const later = jobs.isHeld || jobs.runAt !== null;
  const isOne = jobs.inputs.length === 1;
  const values = [
    jobs.organization,
    jobs.queue,
    jobs.type,
    later ? 'pending' : 'queued',
    jobs.priority,
    jobs.attemptsMax,
    jobs.timeoutMs,
    JSON.stringify(jobs.principal),
    jobs.owner,
    isOne ? jobs.inputs[0] : jobs.inputs,
    isOne ? jobs.hashes[0] : jobs.hashes,
    jobs.parent,
    jobs.isHeld ? null : jobs.runAt,
    jobs.requestId,
    jobs.traceparent,
  ];
  const isUnique = jobs.twinsMs > 0;
  if (isUnique) values.push(jobs.twinsMs);
  const ask = isLast ? tx.finish : tx.query;
  const { text, name } = inserts[isOne ? 'one' : 'many'][isUnique ? 'unique' : 'any'];
  return (await ask<Inserted>(text, values, name)).rows;
}

/**
 * One statement for each case: with nothing to decide while it runs, and no list where there is one job, the server keeps
 * one plan of it; the plan of a list it would make anew each time, which takes as long as the insert.
 */
function insertText(isOne: boolean, isUnique: boolean): string {
  const own = isOne ? { input: '$10', hash: '$11::bytea' } : { input: 'each.input', hash: 'each.hash' };
  const twins = `and not exists (select from job j where j.organization = $1
      and j.hash = ${isOne ? '$11::bytea' : 'any ($11)'} and j.created_at > statement_timestamp() - $16 * interval '1 millisecond')`;
  return `insert into job (organization, queue, type, state, priority, turn, attempts_max, timeout_ms, principal, owner, input,
      hash, parent, due_at, created_at, queued_at, request_id, traceparent)
    select $1, $2, $3, $4, $5, case when $4 = 'queued' then nextval('job_turn') end, $6, $7, $8, $9, ${own.input}::jsonb,
      ${own.hash}, $12, $13::timestamptz, statement_timestamp(), case when $4 = 'queued' then statement_timestamp() end, $14, $15
    from organization o${isOne ? '' : ', unnest($10::text[], $11::bytea[]) with ordinality as each (input, hash, place)'}
    where o.id = $1 and ${organizationState} = 'active' ${isUnique ? twins : ''}
    ${isOne ? '' : 'order by each.place'}
    returning number, turn, created_at`;
}

const inserts = {
  one: {
    any: { text: insertText(true, false), name: 'dartwing_job_insert_one' },
    unique: { text: insertText(true, true), name: 'dartwing_job_insert_one_unique' },
  },
  many: {
    any: { text: insertText(false, false), name: 'dartwing_job_insert_many' },
    unique: { text: insertText(false, true), name: 'dartwing_job_insert_many_unique' },
  },
} as const;
