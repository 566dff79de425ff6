/** Canceling, and trying again at once. */
import { authorize, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { type JobDocument, jobDocument, jobId } from './document.js';
import type { JobDoorbell } from './doorbell.js';
import { endingOf, endWithChildren } from './ending.js';
import { lockJobs } from './engine-queries.js';
import { dueNow, requestCancel } from './hand-queries.js';
import { findJob } from './read-queries.js';
import { refOf } from './rights.js';
import type { JobRow } from './row.js';
import { requireJob } from './show.js';
import { finalStates } from './states.js';

/**
 * Cancels a job: one that waits at once, with whatever waits for it; one that runs at its next checkpoint.
 * @throws JOB_NOT_FOUND, PERMISSION_DENIED, JOB_STATE (it has ended)
 */
export async function cancelJob(
  scope: Scope,
  doorbell: JobDoorbell,
  id: string,
  organization: string | undefined,
): Promise<JobDocument> {
  const found = await requireJob(scope, id, organization);
  const key = { organization: found.organization, number: found.number };
  authorize(scope, 'delete', refOf(found));
  // Locked before its state is looked at: it may complete this very moment.
  const [row] = await lockJobs(
    scope.tx,
    'j.organization = $1 and j.number = $2',
    [key.organization, key.number],
    true,
  );
  const before =
    row === undefined ? await findJob(scope.tx, key.number, key.organization) : { ...found, ...row };
  if (before === undefined || row === undefined || finalStates.includes(before.state)) {
    throw new DartwingError('JOB_STATE', { id, state: before?.state ?? 'completed', action: 'canceled' });
  }
  const by = scope.principal.id;
  if (row.state === 'running') {
    await requestCancel(scope.tx, key, by);
    doorbell.tellAfter(scope.tx, { kind: 'cancel', ...key });
  } else await endWithChildren(scope.tx, [endingOf(row, 'canceled', null, by)]);
  const after = jobDocument((await findJob(scope.tx, key.number, key.organization))!);
  await recordAct(
    scope,
    key.organization,
    'job.cancel',
    { doctype: 'Background Job', name: jobId(row) },
    {
      old: { state: row.state, type: row.type },
      new: { state: after.state, is_canceling: after.is_canceling },
    },
  );
  return after;
}

/**
 * Lets a job that waits for its next attempt join the line now.
 * @throws JOB_NOT_FOUND, PERMISSION_DENIED, JOB_STATE
 */
export async function hurryJob(scope: Scope, doorbell: JobDoorbell, row: JobRow): Promise<JobDocument> {
  authorize(scope, 'write', refOf(row));
  const key = { organization: row.organization, number: row.number };
  const queued = await dueNow(scope.tx, key);
  if (queued === undefined)
    throw new DartwingError('JOB_STATE', { id: jobId(row), state: row.state, action: 'retried' });
  doorbell.ringAfter(scope.tx, [queued]);
  const after = jobDocument((await findJob(scope.tx, key.number, key.organization))!);
  await recordAct(
    scope,
    key.organization,
    'job.retry',
    { doctype: 'Background Job', name: jobId(row) },
    {
      old: { state: row.state, type: row.type },
      new: { state: after.state },
    },
  );
  return after;
}
