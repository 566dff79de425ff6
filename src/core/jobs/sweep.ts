/** What workers do besides running jobs: settle failures, take over from the dead, look after what runs long. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import { readyRings } from './doorbell.js';
import { endingOf, endWithChildren, exhausted, workerLost } from './ending.js';
import { dropProgress, lockJobs, postponeJob, releaseJobs, requeueLost } from './engine-queries.js';
import { findRunning } from './read-queries.js';
import { retryDelayMs } from './retry.js';
import { type Outcome, type Running, type RunParts, stop } from './run.js';
import { deleteEmptyWorkers, listQueues, lockSilentWorkers } from './settings-queries.js';
import { openTransitions } from './states.js';

export interface SweepParts extends RunParts {
  random: () => number;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** What became of a job after an attempt without success. */
export type Became = 'failed' | 'timed_out' | 'dead_letter' | 'canceled' | 'released';

/** Writes down an attempt without success; undefined when the job was no longer the worker's. */
export async function settleOutcome(
  parts: SweepParts,
  mine: Running,
  outcome: Exclude<Outcome, { kind: 'completed' | 'done' | 'lost' }>,
): Promise<Became | undefined> {
  const { job, worker } = mine;
  if (outcome.kind === 'released') {
    const rows = await parts.transaction((tx) => releaseJobs(tx, worker, [job]));
    parts.doorbell.tell(readyRings(rows));
    return rows.length > 0 ? 'released' : undefined;
  }
  return parts.transaction(async (tx) => {
    if (mine.reported) await dropProgress(tx, [job]);
    const isFinal =
      outcome.kind === 'canceled' || outcome.error.class === 'permanent' || job.attempt >= job.attempts_max;
    if (!isFinal) {
      const delayMs = retryDelayMs(job.attempt, await delaysOf(parts, tx, mine), parts.random());
      const log = openTransitions({
        ...job,
        state: 'running',
        ended_at: null,
        canceled_by: null,
        error: null,
      });
      const change = { state: outcome.kind, delayMs, error: outcome.error, log };
      return (await postponeJob(tx, worker, job, change)) && outcome.kind;
    }
    const [row] = await lockJobs(
      tx,
      "j.organization = $1 and j.number = $2 and j.state = 'running' and j.worker = $3 and j.attempt = $4",
      [job.organization, job.number, worker, job.attempt],
      true,
    );
    if (row === undefined) return undefined;
    if (outcome.kind === 'canceled') {
      await endWithChildren(tx, [endingOf(row, 'canceled', null, row.canceled_by)]);
      return 'canceled';
    }
    const isStraight = outcome.error.class === 'permanent';
    const ending = isStraight
      ? endingOf(row, 'dead_letter', outcome.error)
      : exhausted(row, outcome.kind, outcome.error);
    await endWithChildren(tx, [ending]);
    return 'dead_letter';
  });
}

async function delaysOf({ registry }: SweepParts, tx: Tx, { job }: Running): Promise<readonly number[]> {
  const own = registry.find(job.type)?.stored.delays_ms;
  if (own) return own;
  const queue = (await listQueues(tx)).find(({ name }) => name === job.queue);
  return queue?.delays_ms.map(Number) ?? [];
}

/**
 * Takes over what silent workers had: back into the line at once, or to the dead letters when it has cost two workers
 * their life or has no attempt left.
 */
export async function takeOver(parts: SweepParts): Promise<void> {
  const requeued = await parts.transaction(async (tx) => {
    const silent = await lockSilentWorkers(tx, limits.jobLeaseMs);
    if (silent.length === 0) return [];
    const rows = await lockJobs(tx, "j.state = 'running' and j.worker = any ($1)", [silent], false);
    const isPoison = ({ losses }: { losses: number }) => losses + 1 >= limits.jobLossesMax;
    const endings = rows
      .filter((row) => isPoison(row) || row.attempt >= row.attempts_max || row.cancel_requested_at !== null)
      .map((row) => {
        if (row.cancel_requested_at !== null) return endingOf(row, 'canceled', null, row.canceled_by);
        const message = isPoison(row)
          ? `Its worker died ${row.losses + 1} times while it ran`
          : 'Its worker died during the last attempt';
        return endingOf(row, 'dead_letter', { code: workerLost, class: 'permanent', message });
      });
    await endWithChildren(tx, endings);
    const ended = new Set(endings.map(({ organization, number }) => `${organization} ${number}`));
    const lost = rows.filter(({ organization, number }) => !ended.has(`${organization} ${number}`));
    const again = await requeueLost(
      tx,
      lost.map((row) => ({
        organization: row.organization,
        number: row.number,
        log: openTransitions(row),
      })),
    );
    await deleteEmptyWorkers(tx, silent);
    return again;
  });
  parts.doorbell.tell(readyRings(requeued));
}

/** Finds out what of the jobs that run for long is canceled or no longer this worker's. */
export async function lookAfter(parts: SweepParts, running: ReadonlyMap<string, Running>): Promise<void> {
  const old = [...running.values()]
    .filter(({ stopped }) => stopped === undefined)
    .slice(0, limits.jobBatchMax);
  if (old.length === 0) return;
  const rows = await parts.transaction((tx) =>
    findRunning(
      tx,
      old.map(({ job }) => job),
    ),
  );
  const known = new Map(rows.map((row) => [`${row.organization} ${row.number}`, row]));
  for (const mine of old) {
    const row = known.get(`${mine.job.organization} ${mine.job.number}`);
    const isMine = row?.worker === mine.worker && row.attempt === mine.job.attempt;
    // Gone may also mean finished this very moment; being told to stop then does no harm.
    if (!isMine) stop(mine, 'lost');
    else if (row.cancel_requested_at !== null) stop(mine, 'cancel');
  }
}
