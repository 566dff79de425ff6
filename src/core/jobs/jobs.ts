/** What the room offers, with every verb and what it answers. */
import type { z } from 'zod';
import type { CallOptions, Scope } from '../access/index.js';
import type { Tx } from '../db/index.js';
import type { DartwingError } from '../errors.js';
import type { DeadLetterList, DeadLetterPlace, DeadLetterQuery, ReplayOptions } from './dead-letter.js';
import type { JobDefinition } from './definition.js';
import type { JobDocument } from './document.js';
import type { ScheduleDefinition, ScheduleDocument, Scheduler } from './schedule.js';
import type {
  JobTypeDocument,
  LimitSettings,
  OrganizationLimit,
  QueueDocument,
  QueueList,
  QueueSettings,
  WorkerDocument,
} from './settings.js';
import type { JobHistory, JobList, JobMetrics, ListJobsInput } from './show.js';
import type { SubmitOptions } from './submit.js';
import type { JobEvent, JobWorker, WorkerOptions } from './worker-contract.js';

/** A submitted job; `created` is false when an equal one, or one with the same key, was there already. */
export interface Submitted {
  job: JobDocument;
  created: boolean;
}

/** Where a job is looked for: id or slug of its organization. Without it all are searched, for operators. */
export interface InOrganization {
  organization?: string | undefined;
}

/** Work on many jobs. */
export interface ManyJobs {
  done: JobDocument[];
  failed: { id: string; error: DartwingError }[];
  /** Found by a query and left, because their workers died of them: they want to be asked for by id or by that error. */
  left: string[];
}

export interface ReplayManyOptions extends ReplayOptions, InOrganization {
  /** At most so many of what a query finds, oldest failures first; as a trial before the rest. */
  limit?: number | undefined;
  /** At most so many a second. */
  perSecond?: number | undefined;
  /** Stops between two jobs; what is done is done, and a second run goes on with the rest. */
  signal?: AbortSignal | undefined;
  onEach?: ((done: number, failed: number, total: number) => void) | undefined;
}

/** Background jobs. Ids are `JOB-2026-00042`; organizations are given by id or slug. */
export interface Jobs {
  /** Tells what this process can do, before its worker starts. @throws VALIDATION_ERROR */
  define<Schema extends z.ZodType>(type: string, definition: JobDefinition<Schema>): void;
  /** Types of this process and of those that workers registered. */
  types(call?: CallOptions): Promise<JobTypeDocument[]>;
  enableType(type: string, isEnabled: boolean, call?: CallOptions): Promise<void>;

  submit(
    organization: string,
    type: string,
    input?: unknown,
    options?: SubmitOptions,
    call?: CallOptions,
  ): Promise<Submitted>;
  /** Many jobs of one type, all or none; equal ones among them are one. Returns those that were created. */
  submitMany(
    organization: string,
    type: string,
    inputs: readonly unknown[],
    options?: SubmitOptions,
    call?: CallOptions,
  ): Promise<JobDocument[]>;
  /**
   * In the caller's transaction, which is bound to the organization or to none: the job exists if it commits. A person's
   * rights travel in a scope, as in `job.transaction`; with a bare transaction the caller is a program.
   */
  enqueue(
    within: Tx | Scope,
    organization: string,
    type: string,
    input?: unknown,
    options?: SubmitOptions,
    call?: CallOptions,
  ): Promise<Submitted>;

  show(
    id: string,
    options?: InOrganization & { withInput?: boolean | undefined },
    call?: CallOptions,
  ): Promise<JobDocument>;
  list(input?: ListJobsInput & InOrganization, call?: CallOptions): Promise<JobList>;
  history(id: string, options?: InOrganization, call?: CallOptions): Promise<JobHistory>;
  cancel(id: string, options?: InOrganization, call?: CallOptions): Promise<JobDocument>;
  /** Lets a failed job join its line now, or replays a dead letter. */
  retry(id: string, options?: ReplayOptions & InOrganization, call?: CallOptions): Promise<JobDocument>;
  metrics(options?: InOrganization, call?: CallOptions): Promise<JobMetrics>;
  /** Running jobs that took twice their time. */
  stuck(call?: CallOptions): Promise<JobDocument[]>;
  /**
   * Deletes ended jobs beyond the retention now instead of at night; `jobs` tells how many there were. Dead letters that
   * wait for a decision stay.
   */
  cleanup(
    options?: { keptDays?: number | undefined },
    call?: CallOptions,
  ): Promise<{ jobs: number; days_dropped: number; deleted: number }>;

  readonly deadLetters: DeadLetters;
  readonly queues: Queues;
  readonly schedules: Schedules;
  /** Processes that run jobs. */
  workers(call?: CallOptions): Promise<WorkerDocument[]>;
  /** Runs jobs in this process until it is stopped; `close()` of the installation stops it too. */
  work(options?: WorkerOptions): JobWorker;
  /** Hears what happens to jobs that this process runs. Returns how to stop hearing. */
  observe(listener: (event: JobEvent) => void): () => void;
}

export interface DeadLetters {
  /** Grouped by `error`, `type` and `org`, or by some of these. */
  list(
    query?: DeadLetterQuery & InOrganization & { by?: readonly string[] | undefined },
    call?: CallOptions,
  ): Promise<DeadLetterList>;
  /** Single dead letters, page by page. */
  page(
    query?: DeadLetterQuery & InOrganization & { after?: DeadLetterPlace | undefined },
    call?: CallOptions,
  ): Promise<{ items: JobDocument[]; next: DeadLetterPlace | undefined }>;
  replay(id: string, options?: ReplayOptions & InOrganization, call?: CallOptions): Promise<JobDocument>;
  /**
   * Ids, or everything that a query finds now, but jobs that took their workers with them only where it asks for the
   * error JOB_WORKER_LOST. Run again it goes on with what is left.
   */
  replayMany(
    which: readonly string[] | DeadLetterQuery,
    options?: ReplayManyOptions,
    call?: CallOptions,
  ): Promise<ManyJobs>;
  resolve(id: string, note: string, options?: InOrganization, call?: CallOptions): Promise<JobDocument>;
  /** Needs a reason in `call`. */
  discard(id: string, options?: InOrganization, call?: CallOptions): Promise<JobDocument>;
}

export interface Queues {
  list(call?: CallOptions): Promise<QueueList>;
  show(name: string, call?: CallOptions): Promise<QueueDocument>;
  /** Needs a reason in `call`. */
  pause(name: string, options?: { until?: Date | undefined }, call?: CallOptions): Promise<QueueDocument>;
  resume(name: string, call?: CallOptions): Promise<QueueDocument>;
  set(name: string, settings: QueueSettings, call?: CallOptions): Promise<QueueDocument>;
  /** Limits of one organization. */
  limit(
    organization: string,
    queue: string,
    settings: LimitSettings,
    call?: CallOptions,
  ): Promise<OrganizationLimit>;
}

export interface Schedules {
  /** @throws VALIDATION_ERROR */
  define(name: string, definition: ScheduleDefinition): void;
  list(call?: CallOptions): Promise<ScheduleDocument[]>;
  show(name: string, call?: CallOptions): Promise<ScheduleDocument>;
  /** Runs one of this process now. */
  run(name: string, call?: CallOptions): Promise<ScheduleDocument>;
  pause(name: string, call?: CallOptions): Promise<ScheduleDocument>;
  resume(name: string, call?: CallOptions): Promise<ScheduleDocument>;
  /** Runs what is due for as long as the process lives, or until `stop`. */
  start(): Scheduler;
}
