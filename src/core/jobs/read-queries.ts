/** Statements that look at jobs. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import type { JobWithProgress } from './document.js';
import { columnNames, type JobKey, type JobRow } from './row.js';

const names = columnNames.map((name) => `j.${name}`).join(', ');

/** All jobs, wherever they lie, as a table `j`. */
const everywhere = `(select * from job union all select * from job_dead_letter union all select * from job_history) j`;

const withProgress = `select ${names}, o.slug, p.percent, p.message from ${everywhere}
  left join organization o on o.id = j.organization
  left join job_progress p on p.organization = j.organization and p.number = j.number`;

/** A job by its number, of one organization or, slower, of any. */
export async function findJob(
  tx: Tx,
  number: string,
  organization: string | undefined,
): Promise<JobWithProgress | undefined> {
  const where = organization === undefined ? '' : ' and j.organization = $2';
  const values = organization === undefined ? [number] : [number, organization];
  const { rows } = await tx.query<JobWithProgress>(
    `${withProgress} where j.number = $1${where} limit 1`,
    values,
  );
  return rows[0];
}

export interface JobFilter {
  organization?: string | undefined;
  /** Ids of organizations, of whom one who is no operator may see all jobs; the others' only their own. */
  queue?: string | undefined;
  state?: string | undefined;
  type?: string | undefined;
  owner?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

/** Newest first. The total stops at `limits.jobCountMax`. */
export async function pageJobs(
  tx: Tx,
  filter: JobFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: JobWithProgress[]; total: number }> {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const where = (condition: string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition.replace('?', `$${values.length}`));
  };
  where('j.organization = ?', filter.organization);
  where('j.queue = ?', filter.queue);
  where('j.state = ?', filter.state);
  where('j.type = ?', filter.type);
  where('j.owner = ?', filter.owner);
  where('j.created_at >= ?', filter.since);
  where('j.created_at < ?', filter.until);
  const condition = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
  const page = `select j.* from ${everywhere}${condition} order by j.number desc limit ${limit} offset ${offset}`;
  const [rows, total] = await Promise.all([
    tx.query<JobWithProgress>(
      `select ${names}, o.slug, p.percent, p.message from (${page}) j left join organization o on o.id = j.organization
       left join job_progress p on p.organization = j.organization and p.number = j.number order by j.number desc`,
      values,
    ),
    tx.query<{ total: number }>(
      `select count(*)::int as total from (select from ${everywhere}${condition} limit ${limits.jobCountMax}) counted`,
      values,
    ),
  ]);
  return { rows: rows.rows, total: total.rows[0]!.total };
}

/** When jobs were created, for their ids. */
export async function findCreation(tx: Tx, { organization, number }: JobKey): Promise<Date | undefined> {
  const text = `select j.created_at from ${everywhere} where j.organization = $1 and j.number = $2 limit 1`;
  return (await tx.query<{ created_at: Date }>(text, [organization, number])).rows[0]?.created_at;
}

/** Who holds jobs, and whether they are to stop. */
export async function findRunning(
  tx: Tx,
  keys: readonly JobKey[],
): Promise<Pick<JobRow, 'organization' | 'number' | 'worker' | 'attempt' | 'cancel_requested_at'>[]> {
  const text = `select j.organization, j.number, j.worker, j.attempt, j.cancel_requested_at
    from unnest($1::text[], $2::bigint[]) as k (organization, number)
    cross join lateral (
      select * from job r where r.organization = k.organization and r.number = k.number and r.state = 'running' offset 0
    ) j`;
  const values = [keys.map(({ organization }) => organization), keys.map(({ number }) => number)];
  return (await tx.query<JobRow>(text, values, 'dartwing_job_running')).rows;
}

/** Counts by queue of what waits, runs or needs a decision. */
export interface QueueCounts {
  queue: string;
  pending: number;
  queued: number;
  running: number;
  failed: number;
  dead_letter: number;
  oldest_ms: number | null;
  throughput_1m: number;
}

export async function countQueues(tx: Tx, organization: string | undefined): Promise<QueueCounts[]> {
  const text = `with hot as (
      select queue, count(*) filter (where state = 'pending')::int as pending, count(*) filter (where state = 'queued')::int as queued,
        count(*) filter (where state = 'running')::int as running,
        count(*) filter (where state in ('failed', 'timed_out'))::int as failed,
        (extract(epoch from clock_timestamp() - min(queued_at) filter (where state = 'queued')) * 1000)::float8 as oldest_ms
      from job where $1::text is null or organization = $1 group by queue
    ), dead as (
      select queue, count(*)::int as dead_letter from job_dead_letter
      where triage = 'pending' and ($1::text is null or organization = $1) group by queue
    ), done as (
      select queue, count(*)::int as throughput_1m from job_history
      where ended_at > clock_timestamp() - interval '1 minute' and state = 'completed' and ($1::text is null or organization = $1)
      group by queue
    )
    select q.name as queue, coalesce(pending, 0) as pending, coalesce(queued, 0) as queued, coalesce(running, 0) as running,
      coalesce(failed, 0) as failed, coalesce(dead_letter, 0) as dead_letter, oldest_ms, coalesce(throughput_1m, 0) as throughput_1m
    from job_queue q left join hot on hot.queue = q.name left join dead on dead.queue = q.name left join done on done.queue = q.name`;
  return (await tx.query<QueueCounts>(text, [organization ?? null])).rows;
}

/** Organizations whose line in a queue is full. */
export async function countFull(tx: Tx): Promise<{ queue: string; full: number }[]> {
  const text = `select l.queue, count(*)::int as full from (
      select j.queue, j.organization, count(*) as waiting from job j where j.state <> 'running' group by 1, 2
    ) l join job_queue q on q.name = l.queue
    left join job_limit own on own.organization = l.organization and own.queue = l.queue
    where l.waiting >= coalesce(own.queued_max, q.queued_max) group by l.queue`;
  return (await tx.query<{ queue: string; full: number }>(text)).rows;
}

export async function countStates(
  tx: Tx,
  organization: string | undefined,
): Promise<{ state: string; count: number }[]> {
  const text = `select state, count(*)::int as count from ${everywhere} where $1::text is null or j.organization = $1 group by state`;
  return (await tx.query<{ state: string; count: number }>(text, [organization ?? null])).rows;
}

export async function countPriorities(
  tx: Tx,
  organization: string | undefined,
): Promise<{ priority: number; count: number }[]> {
  const text = `select priority, count(*)::int as count from job where state = 'queued' and ($1::text is null or organization = $1)
    group by priority`;
  return (await tx.query<{ priority: number; count: number }>(text, [organization ?? null])).rows;
}

/** Seconds from start to end of what was completed within a day. */
export async function measureDurations(
  tx: Tx,
  organization: string | undefined,
): Promise<{ average: number | null; p95: number | null }> {
  const text = `select avg(s)::float8 as average, percentile_cont(0.95) within group (order by s)::float8 as p95 from (
      select extract(epoch from ended_at - started_at) as s from job_history
      where state = 'completed' and ended_at > clock_timestamp() - interval '1 day' and started_at is not null
        and ($1::text is null or organization = $1) limit ${limits.jobCountMax}
    ) d`;
  return (await tx.query<{ average: number | null; p95: number | null }>(text, [organization ?? null]))
    .rows[0]!;
}

/** Of each type, what ended within a day and how many of them failed for good or are failing. */
export async function measureTypes(
  tx: Tx,
  organization: string | undefined,
): Promise<{ type: string; ended: number; failed: number }[]> {
  const text = `select type, count(*)::int as ended, count(*) filter (where state <> 'completed')::int as failed
    from ${everywhere} where (j.state in ('completed', 'dead_letter') and j.ended_at > clock_timestamp() - interval '1 day'
      or j.state in ('failed', 'timed_out')) and ($1::text is null or j.organization = $1)
    group by type order by 3 desc, 1 limit 500`;
  return (await tx.query<{ type: string; ended: number; failed: number }>(text, [organization ?? null])).rows;
}

/** Running jobs that have taken twice their time. */
export const stuckCondition =
  "j.state = 'running' and j.started_at < clock_timestamp() - 2 * j.timeout_ms * interval '1 millisecond'";

export async function listStuck(tx: Tx): Promise<JobWithProgress[]> {
  const text = `select ${names}, o.slug, p.percent, p.message from job j left join organization o on o.id = j.organization
    left join job_progress p on p.organization = j.organization and p.number = j.number
    where ${stuckCondition} order by j.started_at limit 500`;
  return (await tx.query<JobWithProgress>(text)).rows;
}
