/** What is done to jobs by the clock: stuck ones, those of dissolved organizations, retention, partitions, alerts. */
import { authorize, type Scope } from '../access/index.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import { countDeadLetters } from './dead-letter-queries.js';
import { readyRings } from './doorbell.js';
import { endingOf, endingsOfChildren, endWithChildren } from './ending.js';
import { type Ending, lockJobs, promoteDue, releaseChildren } from './engine-queries.js';
import {
  countOldHistory,
  deleteDecided,
  deleteOldHistory,
  deleteOldKeys,
  dropOldPartitions,
  ensurePartitions,
  findForgottenParents,
  findOrphans,
} from './maintenance-queries.js';
import { countQueues, stuckCondition } from './read-queries.js';
import type { RunParts } from './run.js';
import { deleteTicks } from './schedule-queries.js';
import { recordSystem } from './settings.js';

export interface MaintenanceParts extends RunParts {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  log: Log;
}

/** Running jobs that took twice their time become dead letters; whoever still runs one is told to stop. */
export async function buryStuck({ transaction, doorbell }: MaintenanceParts): Promise<{ buried: number }> {
  const ended = await transaction(async (tx) => {
    const rows = await lockJobs(tx, stuckCondition, [], false);
    const endings = rows.map((row) =>
      endingOf(row, 'dead_letter', {
        code: 'JOB_STUCK',
        class: 'permanent',
        message: `It had run for more than twice its ${row.timeout_ms / 1_000} s`,
      }),
    );
    for (const { organization, number } of rows)
      doorbell.tellAfter(tx, { kind: 'cancel', organization, number });
    return endWithChildren(tx, endings);
  });
  return { buried: ended.length };
}

/** Jobs whose time has come join their lines. Workers see to that too; this holds where they are too busy to. */
export async function joinDue({ transaction, doorbell }: MaintenanceParts): Promise<{ joined: number }> {
  let joined = 0;
  for (let batch = 0; batch < limits.jobSweepBatchesMax; batch++) {
    const rows = await transaction((tx) => promoteDue(tx, limits.jobPromoteMax));
    doorbell.tell(readyRings(rows));
    joined += rows.length;
    if (rows.length < limits.jobPromoteMax) break;
  }
  return { joined };
}

/** Children of jobs that have ended join their lines or end too. Whoever ends a job does that; this finds what was left. */
export async function settleChildren({
  transaction,
  doorbell,
}: MaintenanceParts): Promise<{ joined: number; ended: number }> {
  return transaction(async (tx) => {
    const parents = await findForgottenParents(tx, limits.jobSweepMax);
    const completed = parents.filter(({ state }) => state === 'completed');
    const joined = completed.length === 0 ? [] : await releaseChildren(tx, completed);
    doorbell.ringAfter(tx, joined);
    const endings: Ending[] = [];
    for (const parent of parents)
      if (parent.state !== 'completed') endings.push(...(await endingsOfChildren(tx, parent)));
    const ended = await endWithChildren(tx, endings);
    return { joined: joined.length, ended: ended.length };
  });
}

/** What stands in each queue, kept as the outcome for whoever asks how it was a minute ago. */
export async function measureQueues({ transaction }: MaintenanceParts): Promise<object> {
  const counts = await transaction((tx) => countQueues(tx, undefined));
  return Object.fromEntries(
    counts.map(({ queue, queued, running, failed, oldest_ms }) => [
      queue,
      { queued, running, failed, oldest_ms },
    ]),
  );
}

/** Jobs of organizations that are dissolved or gone end; a suspended one's wait. */
export async function endOrphans({ transaction }: MaintenanceParts): Promise<{ ended: number }> {
  const ended = await transaction(async (tx) => {
    const organizations = await findOrphans(tx);
    if (organizations.length === 0) return [];
    const rows = await lockJobs(
      tx,
      "j.organization = any ($1) and j.state in ('pending', 'queued', 'failed', 'timed_out')",
      [organizations],
      false,
    );
    return endWithChildren(
      tx,
      rows.map((row) =>
        endingOf(row, 'dead_letter', {
          code: 'ORGANIZATION_NOT_FOUND',
          class: 'permanent',
          message: 'Organization not found',
        }),
      ),
    );
  });
  return { ended: ended.length };
}

/** Drops days of the history that are older than the retention, and makes those to come. */
export async function keepHistory(
  { transaction }: MaintenanceParts,
  keptDays: number = limits.jobKeptDays,
): Promise<{ days_dropped: number; deleted: number }> {
  await transaction((tx) => ensurePartitions(tx, limits.jobPartitionDays));
  const days_dropped = await transaction((tx) => dropOldPartitions(tx, keptDays));
  let deleted = 0;
  for (let batch = 0; batch < limits.jobSweepBatchesMax; batch++) {
    const count = await transaction((tx) => deleteOldHistory(tx, keptDays, limits.jobSweepMax));
    deleted += count;
    if (count < limits.jobSweepMax) break;
  }
  await transaction((tx) => deleteOldKeys(tx));
  await transaction((tx) => deleteTicks(tx, limits.jobKeptDays));
  return { days_dropped, deleted };
}

/** How many ended jobs a clean-up by hand will delete; with the entry that says who asked for it. @throws VALIDATION_ERROR */
export async function beginCleanup(scope: Scope, keptDays: number): Promise<number> {
  authorize(scope, 'administer', { doctype: 'Background Job', name: '*' });
  if (!Number.isInteger(keptDays) || keptDays < 1 || keptDays > limits.jobKeptDaysMax)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `Ended jobs are kept for 1 to ${limits.jobKeptDaysMax} whole days`,
    });
  const jobs = await countOldHistory(scope.tx, keptDays);
  const ref = { doctype: 'Background Job', name: '*' };
  await recordSystem(scope, 'job.cleanup', ref, { jobs }, { kept_days: keptDays });
  return jobs;
}

/** Deletes dead letters that were decided upon long enough ago; those that wait for a decision stay. */
export async function cleanDeadLetters({ transaction }: MaintenanceParts): Promise<{ deleted: number }> {
  return { deleted: await transaction((tx) => deleteDecided(tx, limits.deadLetterKeptDays)) };
}

/** Warns when more dead letters wait than somebody can oversee. */
export async function watchDeadLetters({
  transaction,
  log,
}: MaintenanceParts): Promise<{ pending: number; is_alert: boolean }> {
  const pending = await transaction((tx) => countDeadLetters(tx, {}));
  const is_alert = pending > limits.deadLettersMax;
  if (is_alert)
    log.warn({ alert: 'dlq_depth', pending, max: limits.deadLettersMax }, 'too many dead letters');
  return { pending, is_alert };
}
