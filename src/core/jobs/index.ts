/**
 * Jobs: work in the background that no tenant can spoil for another.
 *
 * A job belongs to one organization and runs in its context: its handler's transactions are bound to it, with the
 * rights that whoever submitted it has now. It exists exactly when the transaction that submitted it commits. Workers
 * divide their slots fairly between the organizations of a queue; a limit of an organization is exact over all workers.
 *
 *     dartwing.jobs.define('invoice.send', { input: z.object({ invoice: z.string() }), handler: async (input, job) => {
 *       await job.transaction(async (scope) => { …; await job.complete(scope, { sent: true }); });
 *     } });
 *     await dartwing.jobs.submit('acme', 'invoice.send', { invoice: 'INV-1' });
 *     const worker = dartwing.jobs.work();
 *
 * A handler runs at least once: again after a failure that may pass (60, 300, 900 s ± 20 %), and when its worker was
 * silent for 20 s. What it writes in `job.transaction` together with `job.complete` happens exactly once. A worker
 * that lost a job can neither complete it nor write in such a transaction. What fails for good is a dead letter, which
 * waits for a decision: replay, resolve, discard. Ended jobs are kept for 30 days.
 *
 * Times are the database's, so clocks of machines do not matter. Limits: `job…` in limits.ts; 256 KB of input and of
 * output. Audit: job.submit (by people), job.cancel, job.retry, job.replay, job.resolve, job.discard, job.limit in the
 * organization's trail; queue.pause, queue.resume, queue.set, type.enable, type.disable, schedule.pause,
 * schedule.resume, schedule.run and job.cleanup in the installation's. Each job has an execution log of its own (`history`).
 */
export type { JobContext } from './context.js';
export type {
  DeadLetterClass,
  DeadLetterList,
  DeadLetterPlace,
  DeadLetterQuery,
  ReplayOptions,
} from './dead-letter.js';
export { type JobDefinition, type QueueName, queueNames } from './definition.js';
export type { JobDocument } from './document.js';
export { workerLost } from './ending.js';
export { dropJobs, followMergedOwner } from './followers.js';
export type { Jobs, ManyJobs, ReplayManyOptions, Submitted } from './jobs.js';
export { openJobs } from './open.js';
export { type Priority, priorities } from './priority.js';
export { countFull, countQueues } from './read-queries.js';
export { PermanentJobError } from './retry.js';
export type { ScheduleDefinition, ScheduleDocument } from './schedule.js';
export type {
  JobTypeDocument,
  OrganizationLimit,
  QueueDocument,
  QueueList,
  QueueSettings,
  WorkerDocument,
} from './settings.js';
export type { JobHistory, JobList, JobMetrics, ListJobsInput } from './show.js';
export type { JobState, Transition } from './states.js';
export type { SubmitOptions, SubmittedBatch } from './submit.js';
export type { JobEvent, JobWorker, WorkerOptions, WorkerStats } from './worker-contract.js';
