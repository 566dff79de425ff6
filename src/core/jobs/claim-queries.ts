/** Statements that take jobs for a worker, within the limits of their organizations. */
import type { Tx } from '../db/index.js';
import type { QueueName } from './definition.js';
import type { JobRow } from './row.js';

/** What a worker has of a job it took. */
export type ClaimedJob = Pick<
  JobRow,
  | 'organization'
  | 'number'
  | 'type'
  | 'priority'
  | 'turn'
  | 'attempt'
  | 'attempts_max'
  | 'losses'
  | 'timeout_ms'
  | 'principal'
  | 'owner'
  | 'input'
  | 'has_children'
  | 'created_at'
  | 'queued_at'
  | 'started_at'
  | 'log'
  | 'request_id'
  | 'traceparent'
  | 'claim'
> & { worker: string; tier: 'free' | 'pro' | 'enterprise'; queue: QueueName };

/** From which lines how many may be taken, in the order of their right. */
export interface Picks {
  organizations: readonly string[];
  priorities: readonly number[];
  wanted: readonly number[];
  /** Turns up to which there is nothing left. */
  marks: readonly number[];
}

const usable = `o.status = 'active' and (o.suspended_at is null or (o.suspended_until is not null and o.suspended_until <= clock_timestamp()))`;

/**
 * Takes jobs for a worker. Organizations that are suspended or dissolved give none. A look behind the mark of a line
 * skips what has been taken before without reading it: dead entries of the index cost nothing even while an old
 * transaction elsewhere keeps them from being cleaned.
 * @param isLast the transaction ends with it
 */
export async function claimJobs(
  tx: Tx,
  queue: string,
  worker: string,
  picks: Picks,
  limited: boolean,
  isLast = false,
): Promise<ClaimedJob[]> {
  // Holding the worker's own row keeps others from declaring it dead meanwhile; when they have, there is no row.
  const text = `with me as materialized (select id from job_worker where id = $2 for key share),
    taken as (
      select p.organization, p.number, o.tier
      from me cross join unnest($3::text[], $4::smallint[], $5::int[], $6::bigint[]) with ordinality as w (organization, priority, wanted, mark, place)
      join organization o on o.id = w.organization and ${usable}
      cross join lateral (
        select j.organization, j.number from job j
        where j.queue = $1 and j.state = 'queued' and j.organization = w.organization and j.priority = w.priority and j.turn > w.mark
        order by j.turn limit w.wanted for update skip locked
      ) p
    )
    ${taking(limited)}`;
  const values = [queue, worker, picks.organizations, picks.priorities, picks.wanted, picks.marks];
  const ask = isLast ? tx.finish : tx.query;
  const { rows } = await ask<ClaimedJob>(
    text,
    values,
    limited ? 'dartwing_job_claim_limited' : 'dartwing_job_claim',
  );
  return rows;
}

/**
 * Of organizations with limits: those that no other worker is taking from just now, until the transaction ends. A claim that
 * is sent with it reads the answer from the setting, a 1 or a 0 for each.
 */
export async function lockLines(tx: Tx, queue: string, organizations: readonly string[]): Promise<boolean[]> {
  const text = `select set_config('dartwing.lines', string_agg(case when
      pg_try_advisory_xact_lock(hashtextextended('dartwing line ' || $1 || ' ' || o.id, 0)) then '1' else '0' end, '' order by o.place),
      true) as locked from unnest($2::text[]) with ordinality as o (id, place)`;
  const { rows } = await tx.query<{ locked: string }>(
    text,
    [queue, organizations],
    'dartwing_job_lock_lines',
  );
  return [...rows[0]!.locked].map((digit) => digit === '1');
}

/**
 * Takes jobs of organizations with limits on what runs, of those lines that were locked in the same transaction: no more
 * than their limits leave, by a count that begins after the lock.
 */
export async function claimWithin(
  tx: Tx,
  queue: string,
  worker: string,
  picks: Picks,
  runningMax: readonly number[],
): Promise<ClaimedJob[]> {
  const text = `with me as materialized (select id from job_worker where id = $2 for key share),
    taken as (
      select p.organization, p.number, o.tier
      from me cross join unnest($3::text[], $4::smallint[], $5::int[], $6::bigint[], $7::int[])
        with ordinality as w (organization, priority, wanted, mark, running_max, place)
      join organization o on o.id = w.organization and ${usable}
      cross join lateral (
        select count(*)::int as running from job r
        where r.queue = $1 and r.organization = w.organization and r.state = 'running' and r.claim is not null
      ) used
      cross join lateral (
        select j.organization, j.number from job j
        where j.queue = $1 and j.state = 'queued' and j.organization = w.organization and j.priority = w.priority and j.turn > w.mark
        order by j.turn limit greatest(0, least(w.wanted, w.running_max - used.running)) for update skip locked
      ) p
      where substr(current_setting('dartwing.lines'), w.place::int, 1) = '1'
    )
    ${taking(true)}`;
  const { organizations, priorities, wanted, marks } = picks;
  const values = [queue, worker, organizations, priorities, wanted, marks, runningMax];
  return (await tx.finish<ClaimedJob>(text, values, 'dartwing_job_claim_within')).rows;
}

/**
 * What becomes of the jobs `taken`. They go through lists, of which the planner expects ten: of a part of a line it expects a
 * tenth of the line, and would read the whole table to join it (measured: 1,000 microseconds for a job instead of 100).
 */
function taking(isLimited: boolean): string {
  return `update job j set state = 'running', worker = $2, attempt = j.attempt + 1, started_at = clock_timestamp()${isLimited ? ", claim = nextval('job_claim')" : ''}
    from (select array_agg(organization) as organizations, array_agg(number) as numbers, array_agg(tier) as tiers from taken) few
      cross join lateral unnest(few.organizations, few.numbers, few.tiers) as t (organization, number, tier)
    where j.organization = t.organization and j.number = t.number
    returning j.queue, j.organization, j.number, j.type, j.priority, j.turn, j.attempt, j.attempts_max, j.losses, j.timeout_ms,
      j.principal, j.owner, j.input, j.has_children, j.created_at, j.queued_at, j.started_at, j.log, j.request_id, j.traceparent, j.worker, j.claim, t.tier`;
}

/** Running jobs by organization, and milliseconds until the next may start by its rate; of one queue. */
export async function findUse(
  tx: Tx,
  queue: string,
  organizations: readonly string[],
): Promise<{ running: number; wait_ms: number }[]> {
  const text = `select (select count(*) from job j where j.queue = $1 and j.organization = w.id and j.state = 'running'
        and j.claim is not null)::int as running,
      coalesce((select extract(epoch from r.arrival - clock_timestamp()) * 1000 from job_rate r
        where r.organization = w.id and r.name = 'queue:' || $1), 0)::float8 as wait_ms
    from unnest($2::text[]) with ordinality as w (id, place) order by w.place`;
  return (
    await tx.query<{ running: number; wait_ms: number }>(text, [queue, organizations], 'dartwing_job_use')
  ).rows;
}

/** Moves the rates of organizations by what was started. */
export async function spendRates(
  tx: Tx,
  queue: string,
  spent: readonly { organization: string; ms: number }[],
): Promise<void> {
  const text = `insert into job_rate as r (organization, name, arrival)
    select s.organization, 'queue:' || $1, clock_timestamp() + s.ms * interval '1 millisecond'
    from unnest($2::text[], $3::float8[]) as s (organization, ms)
    on conflict (organization, name) do update
      set arrival = greatest(r.arrival, clock_timestamp()) + (excluded.arrival - clock_timestamp())`;
  const values = [queue, spent.map(({ organization }) => organization), spent.map(({ ms }) => ms)];
  await tx.query(text, values, 'dartwing_job_spend');
}
