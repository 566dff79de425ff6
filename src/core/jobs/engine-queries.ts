/** Statements of the workers: taking jobs, writing down what became of them, taking over from the dead. */
import type { Tx } from '../db/index.js';
import type { QueueName } from './definition.js';
import type { JobFailure } from './retry.js';
import { columns, type JobKey, type JobRow, movedColumns } from './row.js';
import type { JobState, Transition } from './states.js';

/** Every line of the queues that has jobs: one look per line, however long it is. */
export async function discoverLines(
  tx: Tx,
  queues: readonly QueueName[],
): Promise<{ queue: QueueName; organization: string; priority: number }[]> {
  const text = `with recursive line as (
      select first.* from unnest($1::text[]) as asked (queue) cross join lateral (
        select queue, organization, priority from job where queue = asked.queue and state = 'queued'
        order by organization, priority limit 1
      ) first
      union all
      select next.* from line cross join lateral (
        select queue, organization, priority from job
        where queue = line.queue and state = 'queued' and (organization, priority) > (line.organization, line.priority)
        order by organization, priority limit 1
      ) next
    ) select queue, organization, priority from line`;
  const { rows } = await tx.query<{ queue: QueueName; organization: string; priority: number }>(
    text,
    [queues],
    'dartwing_job_discover',
  );
  return rows;
}

/** A job that a handler finished, to be written down. */
export interface Finished extends JobKey {
  attempt: number;
  /** JSON text. */
  output: string | null;
}

export interface Completed extends JobKey {
  has_children: boolean;
}

/**
 * Moves finished jobs to the history. A row that somebody holds for a moment (a child is being bound to it) is passed
 * over, to be tried again; one that is no longer this worker's is passed over for good.
 */
export async function completeJobs(
  tx: Tx,
  worker: string,
  finished: readonly Finished[],
  whenHeld: 'skip' | 'wait' = 'skip',
): Promise<Completed[]> {
  // Each by its key: as a plain join the planner, which has seen a table without running jobs, reads all that wait.
  const text = `with mine as (
      select held.organization, held.number, f.output
      from unnest($2::text[], $3::bigint[], $4::int[], $5::text[]) as f (organization, number, attempt, output)
      cross join lateral (
        select j.organization, j.number from job j
        where j.organization = f.organization and j.number = f.number and j.attempt = f.attempt and j.state = 'running' and j.worker = $1
        for update${whenHeld === 'skip' ? ' skip locked' : ''}
      ) held
    ), gone as (
      delete from job j using mine where j.organization = mine.organization and j.number = mine.number
      returning j.*, mine.output as result
    ), kept as (
      insert into job_history (${columns})
      select ${movedColumns({
        state: "'completed'",
        claim: 'null',
        error: 'null',
        output: 'gone.result::jsonb',
        ended_at: 'clock_timestamp()',
      })} from gone
    )
    select organization, number, has_children from gone`;
  const values = [
    worker,
    finished.map(({ organization }) => organization),
    finished.map(({ number }) => number),
    finished.map(({ attempt }) => attempt),
    finished.map(({ output }) => output),
  ];
  return (await tx.query<Completed>(text, values, `dartwing_job_complete_${whenHeld}`)).rows;
}

/** Forgets the progress of jobs that told some. */
export async function dropProgress(tx: Tx, keys: readonly JobKey[]): Promise<void> {
  const text = `delete from job_progress p using unnest($1::text[], $2::bigint[]) as k (organization, number)
    where p.organization = k.organization and p.number = k.number`;
  await tx.query(text, [keys.map((key) => key.organization), keys.map((key) => key.number)]);
}

/**
 * Children of jobs that are completed join their lines. Of a job that is still there, because it was passed over, they
 * wait on. A statement of its own, sent after the completion: a child that was bound a moment ago is seen only by one that
 * begins later.
 * @param isLast the transaction ends with it
 */
export async function releaseChildren(
  tx: Tx,
  parents: readonly JobKey[],
  isLast = false,
): Promise<Pick<JobRow, 'queue' | 'organization' | 'priority' | 'turn'>[]> {
  const text = `with waiting as (
      select child.organization, child.number
      from unnest($1::text[], $2::bigint[]) as p (organization, number)
      cross join lateral (
        select c.organization, c.number from job c
        where c.organization = p.organization and c.parent = p.number and c.state = 'pending' for update
      ) child
      where not exists (select from job still where still.organization = p.organization and still.number = p.number offset 0)
    )
    update job j set state = 'queued', turn = nextval('job_turn'), queued_at = clock_timestamp(), due_at = null
    from waiting w where j.organization = w.organization and j.number = w.number and j.state = 'pending'
    returning j.queue, j.organization, j.priority, j.turn`;
  const values = [parents.map((key) => key.organization), parents.map((key) => key.number)];
  const ask = isLast ? tx.finish : tx.query;
  return (
    await ask<Pick<JobRow, 'queue' | 'organization' | 'priority' | 'turn'>>(
      text,
      values,
      'dartwing_job_release',
    )
  ).rows;
}

/** Puts a running job back for another attempt, later. Undefined when it is no longer the worker's. */
export async function postponeJob(
  tx: Tx,
  worker: string,
  job: JobKey & { attempt: number },
  change: { state: 'failed' | 'timed_out'; delayMs: number; error: JobFailure; log: readonly Transition[] },
): Promise<JobRow | undefined> {
  const text = `update job set state = $5, due_at = clock_timestamp() + $6 * interval '1 millisecond', error = $7,
      log = coalesce(log, '[]') || $8::jsonb || jsonb_build_array(jsonb_build_object('from_state', 'running', 'to_state', $5::text,
        'at', ${isoNow}, 'actor', null, 'message', $9::text, 'attempt', attempt)),
      worker = null, claim = null, turn = null, queued_at = null, started_at = null
    where organization = $1 and number = $2 and state = 'running' and worker = $3 and attempt = $4
    returning ${columns}`;
  const { state, delayMs, error, log } = change;
  const { rows } = await tx.query<JobRow>(text, [
    job.organization,
    job.number,
    worker,
    job.attempt,
    state,
    delayMs,
    JSON.stringify(error),
    JSON.stringify(log),
    error.message,
  ]);
  return rows[0];
}

const isoNow = `to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Puts jobs back that were taken and not ended, in their old places: the attempt does not count. Others have to be told. */
export async function releaseJobs(
  tx: Tx,
  worker: string,
  jobs: readonly (JobKey & { attempt: number })[],
): Promise<JobRow[]> {
  const text = `update job j set state = 'queued', attempt = j.attempt - 1, worker = null, claim = null,
      started_at = null
    from unnest($2::text[], $3::bigint[], $4::int[]) as r (organization, number, attempt)
    where j.organization = r.organization and j.number = r.number and j.attempt = r.attempt and j.state = 'running' and j.worker = $1
    returning ${prefixed('j')}`;
  const values = [
    worker,
    jobs.map((job) => job.organization),
    jobs.map((job) => job.number),
    jobs.map((job) => job.attempt),
  ];
  return (await tx.query<JobRow>(text, values)).rows;
}

/** Jobs whose time has come join their lines. */
export async function promoteDue(tx: Tx, count: number): Promise<JobRow[]> {
  const text = `with due as (
      select organization, number from job
      where state in ('pending', 'failed', 'timed_out') and due_at <= clock_timestamp()
      order by due_at limit $1 for update skip locked
    )
    update job j set state = 'queued', turn = nextval('job_turn'), queued_at = clock_timestamp(), due_at = null
    from due where j.organization = due.organization and j.number = due.number
    returning ${prefixed('j')}`;
  return (await tx.query<JobRow>(text, [count], 'dartwing_job_promote')).rows;
}

/**
 * Locks jobs of any kind for an end that is not a success.
 * @param condition SQL over `j`; its values begin at $1
 */
export async function lockJobs(
  tx: Tx,
  condition: string,
  values: readonly unknown[],
  wait: boolean,
): Promise<LockedJob[]> {
  const text = `select ${prefixed('j')}, clock_timestamp() as read_at from job j where ${condition} order by j.organization, j.number limit 1000
    for update ${wait ? '' : 'skip locked'}`;
  return (await tx.query<LockedJob>(text, values)).rows;
}

/** A job and the database's time at which it was locked. */
export type LockedJob = JobRow & { read_at: Date };

/** How a job ends without success. */
export interface Ending extends JobKey {
  state: Extract<JobState, 'canceled' | 'dead_letter'>;
  error: JobFailure | null;
  /** Transitions of the last attempt, where its times alone do not tell them. */
  log: readonly Transition[];
  by: string | null;
}

/** Moves locked jobs to the dead letters or, canceled, to the history. Returns those with children. */
export async function endJobs(tx: Tx, endings: readonly Ending[]): Promise<(JobKey & { state: string })[]> {
  const list = JSON.stringify(endings);
  const given = `jsonb_to_recordset($1::jsonb) as e (organization text, number bigint, state text, error jsonb, log jsonb, by text)`;
  const gone = `gone as (
      delete from job j using ${given} where j.organization = e.organization and j.number = e.number
      returning j.*, e.state as final, coalesce(e.error, j.error) as reason, e.log as added, e.by as canceler
    )`;
  const shared = {
    state: 'gone.final',
    claim: 'null',
    turn: 'null',
    due_at: 'null',
    error: 'gone.reason',
    log: "nullif(coalesce(gone.log, '[]') || gone.added, '[]')",
    queued_at: "case when gone.added = '[]' then gone.queued_at end",
    canceled_by: 'gone.canceler',
    ended_at: 'clock_timestamp()',
  };
  const text = `with ${gone}, dead as (
      insert into job_dead_letter (${columns})
      select ${movedColumns({ ...shared, triage: "'pending'", triage_note: 'null', triage_by: 'null', triage_at: 'null' })}
      from gone where gone.final = 'dead_letter'
    ), kept as (
      insert into job_history (${columns}) select ${movedColumns(shared)} from gone where gone.final = 'canceled'
    )
    select organization, number, final as state from gone where has_children`;
  return (await tx.query<JobKey & { state: string }>(text, [list])).rows;
}

/** Jobs of lost workers stand in their lines again at once, where they stood. Others have to be told: marks may lie behind. */
export async function requeueLost(
  tx: Tx,
  jobs: readonly (JobKey & { log: readonly Transition[] })[],
): Promise<JobRow[]> {
  const text = `update job j set state = 'queued', losses = j.losses + 1, worker = null, claim = null,
      log = coalesce(j.log, '[]') || l.log, queued_at = clock_timestamp(), started_at = null
    from jsonb_to_recordset($1::jsonb) as l (organization text, number bigint, log jsonb)
    where j.organization = l.organization and j.number = l.number and j.state = 'running'
    returning ${prefixed('j')}`;
  return (await tx.query<JobRow>(text, [JSON.stringify(jobs)])).rows;
}

/** Holds a running job for the transaction of its handler; false when it is another's by now, or its organization is gone. */
export async function holdJob(
  tx: Tx,
  worker: string,
  { organization, number, attempt }: JobKey & { attempt: number },
): Promise<{ held: boolean; dissolved: boolean }> {
  // Not the strongest lock: a request to cancel may come meanwhile, a takeover may not.
  const text = `select o.status = 'dissolved' as dissolved from job j left join organization o on o.id = j.organization
    where j.organization = $1 and j.number = $2 and j.state = 'running' and j.worker = $3 and j.attempt = $4 for key share of j`;
  const values = [organization, number, worker, attempt];
  const [row] = (await tx.query<{ dissolved: boolean | null }>(text, values, 'dartwing_job_hold')).rows;
  return { held: row !== undefined, dissolved: row !== undefined && row.dissolved !== false };
}

/** Whether an API key still opens: neither revoked nor run out. */
export async function isKeyLive(tx: Tx, organization: string, id: string): Promise<boolean> {
  const text = `select from api_key where organization = $1 and id = $2 and revoked_at is null
    and (expires_at is null or expires_at > clock_timestamp())`;
  return (await tx.query(text, [organization, id], 'dartwing_job_key_live')).rowCount === 1;
}

export async function upsertProgress(
  tx: Tx,
  reports: readonly (JobKey & { percent: number; message: string | null })[],
): Promise<void> {
  // Holding the jobs meanwhile keeps a report from coming after the end it would outlive.
  const text = `with running as (
      select r.* from jsonb_to_recordset($1::jsonb) as r (organization text, number bigint, percent smallint, message text)
      join job j on j.organization = r.organization and j.number = r.number
      where j.state = 'running' for key share of j
    )
    insert into job_progress (organization, number, percent, message, at)
    select organization, number, percent, message, clock_timestamp() from running
    on conflict (organization, number) do update set percent = excluded.percent, message = excluded.message, at = excluded.at`;
  await tx.query(text, [JSON.stringify(reports)]);
}

function prefixed(alias: string): string {
  return columns
    .split(', ')
    .map((name) => `${alias}.${name}`)
    .join(', ');
}
