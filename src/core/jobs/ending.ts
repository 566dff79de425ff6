/** Ends without success: canceled or dead letters, with whatever waits for them. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import { jobId } from './document.js';
import { type Ending, endJobs, type LockedJob, lockJobs } from './engine-queries.js';
import type { JobFailure } from './retry.js';
import type { JobKey, JobRow } from './row.js';
import { openTransitions, type Transition } from './states.js';

/** Error of jobs that took their workers with them. */
export const workerLost = 'JOB_WORKER_LOST';

/** Ends a locked job straight from the state it is in. */
export function endingOf(
  { organization, number }: JobRow,
  state: Ending['state'],
  error: JobFailure | null,
  by: string | null = null,
): Ending {
  return { organization, number, state, error, log: [], by };
}

/** Ends a locked job whose last attempt failed or ran out of time. */
export function exhausted(row: LockedJob, how: 'failed' | 'timed_out', error: JobFailure): Ending {
  const last: Transition = {
    from_state: 'running',
    to_state: how,
    at: row.read_at.toISOString(),
    actor: null,
    message: error.message,
    attempt: row.attempt,
  };
  return { ...endingOf(row, 'dead_letter', error), log: [...openTransitions(row), last] };
}

/**
 * Ends jobs and, generation by generation, the children that wait for them: those of a dead letter become dead letters
 * that name it, those of a canceled job are canceled. Returns every job that ended.
 */
export async function endWithChildren(tx: Tx, endings: readonly Ending[]): Promise<Ending[]> {
  const all: Ending[] = [];
  let now: readonly Ending[] = endings;
  for (let depth = 0; now.length > 0 && depth < limits.jobDepthMax; depth++) {
    const parents = await endJobs(tx, now);
    all.push(...now);
    const next: Ending[] = [];
    for (const parent of parents) next.push(...(await endingsOfChildren(tx, parent)));
    now = next;
  }
  return all;
}

/** How the children that wait for a job end with it. */
export async function endingsOfChildren(tx: Tx, parent: JobKey & { state: string }): Promise<Ending[]> {
  const rows = await lockJobs(
    tx,
    "j.organization = $1 and j.parent = $2 and j.state = 'pending'",
    [parent.organization, parent.number],
    true,
  );
  const isCanceled = parent.state === 'canceled';
  return rows.map((row) => {
    const id = jobId({ number: parent.number, created_at: row.created_at });
    const error: JobFailure = {
      code: isCanceled ? 'JOB_CANCELED' : 'JOB_PARENT_FAILED',
      class: isCanceled ? 'canceled' : 'permanent',
      message: isCanceled
        ? `${id}, which it waited for, was canceled`
        : `${id}, which it waited for, has failed`,
    };
    return endingOf(row, isCanceled ? 'canceled' : 'dead_letter', error);
  });
}
