/** Statements of what people do to single jobs by hand. */
import type { Tx } from '../db/index.js';
import { columns, type JobKey, type JobRow } from './row.js';

export async function requestCancel(tx: Tx, { organization, number }: JobKey, by: string): Promise<void> {
  const text = `update job set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()), canceled_by = coalesce(canceled_by, $3)
    where organization = $1 and number = $2 and state = 'running'`;
  await tx.query(text, [organization, number, by]);
}

/** A job that failed joins its line now. */
export async function dueNow(tx: Tx, { organization, number }: JobKey): Promise<JobRow | undefined> {
  const text = `update job set state = 'queued', turn = nextval('job_turn'), queued_at = clock_timestamp(), due_at = null
    where organization = $1 and number = $2 and state in ('failed', 'timed_out') returning ${columns}`;
  return (await tx.query<JobRow>(text, [organization, number])).rows[0];
}

/** Everything of the room that belongs to an organization, when it is purged. */
export async function deleteJobs(tx: Tx, organization: string): Promise<void> {
  for (const table of [
    'job',
    'job_dead_letter',
    'job_history',
    'job_progress',
    'job_key',
    'job_limit',
    'job_rate',
  ])
    await tx.query(`delete from ${table} where organization = $1`, [organization]);
}

/** Gives the jobs of a merged person to the one it was merged into. Returns how many. */
export async function moveJobs(tx: Tx, loser: string, winner: string): Promise<number> {
  let moved = 0;
  for (const table of ['job', 'job_dead_letter', 'job_history']) {
    const text = `update ${table} set owner = $2, principal = jsonb_set(principal, '{id}', to_jsonb($2::text))
      where owner = $1 and principal ->> 'type' = 'person'`;
    moved += (await tx.query(text, [loser, winner])).rowCount;
  }
  return moved;
}
