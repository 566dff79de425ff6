/** The room as callers see it: each verb in a transaction of its own, bound to its organization where one is named. */
import type { z } from 'zod';
import type { CallOptions, Principal, Scope, Session } from '../access/index.js';
import { recordAct } from '../access/index.js';
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { asDartwingError, DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { cancelJob, hurryJob } from './cancel.js';
import {
  type DeadLetterList,
  type DeadLetterPlace,
  type DeadLetterQuery,
  discardJob,
  listDeadLetters,
  pageOfDeadLetters,
  type ReplayOptions,
  replayJob,
  resolveJob,
} from './dead-letter.js';
import type { JobDefinition, Registry } from './definition.js';
import type { QueueDepths } from './depths.js';
import { type JobDocument, jobDocument } from './document.js';
import type { JobDoorbell } from './doorbell.js';
import { beginCleanup } from './maintenance.js';
import type { Places } from './places.js';
import { findJob } from './read-queries.js';
import {
  beginScheduleRun,
  listScheduleDocuments,
  pauseSchedule,
  requireSchedule,
  runSchedule,
  type ScheduleBook,
  type ScheduleDefinition,
  type ScheduleDocument,
  type Scheduler,
  startScheduler,
} from './schedule.js';
import {
  enableType,
  type JobTypeDocument,
  type LimitSettings,
  limitOrganization,
  listJobTypes,
  listQueueDocuments,
  listWorkerDocuments,
  type OrganizationLimit,
  pauseQueue,
  type QueueDocument,
  type QueueList,
  type QueueSettings,
  resumeQueue,
  setQueue,
  showQueue,
  type WorkerDocument,
} from './settings.js';
import {
  type JobHistory,
  type JobList,
  type JobMetrics,
  type ListJobsInput,
  listJobs,
  listStuckJobs,
  measureJobs,
  requireJob,
  showHistory,
  showJob,
} from './show.js';
import {
  type Submission,
  type SubmitOptions,
  type SubmittedBatch,
  submitAtOnce,
  submitJobs,
} from './submit.js';
import {
  type JobEvent,
  type JobWorker,
  startWorker,
  type WorkerOptions,
  type WorkerParts,
} from './worker.js';

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
}

export interface ReplayManyOptions extends ReplayOptions, InOrganization {
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
  /** Ids, or everything that a query finds now. Run again it goes on with what is left. */
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

export interface JobsParts extends WorkerParts {
  session: Session;
  registry: Registry;
  doorbell: JobDoorbell;
  depths: QueueDepths;
  places: Places;
  book: ScheduleBook;
  clock: Clock;
  /** Id of an organization. */
  idOf: (ref: string) => Promise<string>;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** What a scope holds besides a transaction and the facts of a call. */
  bare: Pick<Scope, 'clock' | 'events' | 'doorbell'>;
  keepHistory: (keptDays: number) => Promise<{ days_dropped: number; deleted: number }>;
  /** Called when a worker or a scheduler starts, to be stopped with the installation. */
  onStart: (stop: () => Promise<unknown>) => void;
  observers: Set<(event: JobEvent) => void>;
  onSubmitted: (batch: SubmittedBatch) => void;
}

export function jobVerbs(parts: JobsParts): Jobs {
  const { session, registry, doorbell, book } = parts;

  /** Bound to an organization where one is named; else over all of them. */
  const within = async <T>(
    purpose: string,
    ref: string | undefined,
    call: CallOptions | undefined,
    work: (scope: Scope, organization: string | undefined) => Promise<T>,
  ): Promise<T> => {
    if (ref === undefined) return session.run(purpose, call, (scope) => work(scope, undefined));
    const id = await parts.idOf(ref);
    return session.runIn(id, call, (scope) => work(scope, id), { leavesNothing: true });
  };

  /** What was made, or what stood for it already. */
  const answerOf = async (
    scope: Scope,
    organization: string,
    { jobs: [job], existing }: Submission,
  ): Promise<Submitted> => {
    if (job !== undefined) return { job, created: true };
    const found = await findJob(scope.tx, existing[0]!, organization);
    // Kept by its key only: it ended long ago.
    if (found === undefined) throw new DartwingError('JOB_NOT_FOUND', { id: existing[0]! });
    return { job: jobDocument(found), created: false };
  };

  /** In a transaction of its own, which ends with the insert where nothing else has to be written. */
  const submit = async <T>(
    ref: string,
    [type, inputs, options]: readonly [string, readonly unknown[], SubmitOptions | undefined],
    call: CallOptions | undefined,
    answer: (scope: Scope, organization: string, submission: Submission) => Promise<T>,
  ): Promise<T> => {
    const organization = await parts.idOf(ref);
    const facts = session.call(call);
    const isLast = !isOnRecord(facts.principal);
    type Attempt = { done: true; value: T } | { done: false };
    const attempt = await session.runIn(
      organization,
      facts,
      async (scope): Promise<Attempt> => {
        const quick = await submitAtOnce(scope, parts, organization, type, inputs, options, isLast);
        if (quick === 'refused' && isLast) return { done: false };
        const made =
          typeof quick === 'string'
            ? await submitJobs(scope, parts, organization, type, inputs, options)
            : quick;
        if (!isLast) await record(scope, organization, made.jobs);
        return { done: true, value: await answer(scope, organization, made) };
      },
      { leavesNothing: true },
    );
    if (attempt.done) return attempt.value;
    return session.runIn(
      organization,
      facts,
      async (scope) => {
        const made = await submitJobs(scope, parts, organization, type, inputs, options);
        return answer(scope, organization, made);
      },
      { leavesNothing: true },
    );
  };

  const replay = (
    id: string,
    { organization, ...options }: ReplayOptions & InOrganization = {},
    call?: CallOptions,
  ) =>
    within('dead letter replay', organization, call, async (scope, bound) => {
      const row = await requireJob(scope, id, bound);
      if (row.state === 'dead_letter') return replayJob(scope, parts, row, options);
      throw new DartwingError('JOB_STATE', { id, state: row.state, action: 'replayed' });
    });

  const deadLetters: DeadLetters = {
    list: ({ organization, by, ...query } = {}, call) =>
      within('dead letters', organization, call, (scope, bound) => listDeadLetters(scope, bound, query, by)),
    page: ({ organization, after, ...query } = {}, call) =>
      within('dead letters', organization, call, (scope, bound) =>
        pageOfDeadLetters(scope, bound, query, after),
      ),
    replay,
    replayMany: (which, options = {}, call) => replayMany(parts, deadLetters, which, options, call),
    resolve: (id, note, { organization } = {}, call) =>
      within('dead letter resolve', organization, call, async (scope, bound) =>
        resolveJob(scope, await requireJob(scope, id, bound), note),
      ),
    discard: (id, { organization } = {}, call) =>
      within('dead letter discard', organization, call, async (scope, bound) =>
        discardJob(scope, await requireJob(scope, id, bound)),
      ),
  };

  const queues: Queues = {
    list: (call) => session.run('queue list', call, listQueueDocuments),
    show: (name, call) => session.run('queue show', call, (scope) => showQueue(scope, name)),
    pause: (name, { until } = {}, call) =>
      session.run('queue pause', call, (scope) => pauseQueue(scope, doorbell, name, until), { name, until }),
    resume: (name, call) =>
      session.run('queue resume', call, (scope) => resumeQueue(scope, doorbell, name), { name }),
    set: (name, settings, call) =>
      session.run('queue set', call, (scope) => setQueue(scope, doorbell, name, settings), {
        name,
        settings,
      }),
    limit: async (organization, queue, settings, call) => {
      const id = await parts.idOf(organization);
      return session.run(
        'queue limit',
        call,
        (scope) => limitOrganization(scope, doorbell, id, queue, settings),
        { id, queue, settings },
      );
    },
  };

  const schedules: Schedules = {
    define: book.add,
    list: (call) => session.run('schedule list', call, (scope) => listScheduleDocuments(scope, book)),
    show: (name, call) => session.run('schedule show', call, (scope) => requireSchedule(scope, book, name)),
    run: async (name, call) => {
      const now = await session.run('schedule run', call, (scope) => beginScheduleRun(scope, book, name));
      if (call?.dryRun) return schedules.show(name, call);
      await runSchedule({ ...parts, onFailure: () => {} }, name, now);
      return schedules.show(name, call);
    },
    pause: (name, call) =>
      session.run('schedule pause', call, (scope) => pauseSchedule(scope, book, name, true), { name }),
    resume: (name, call) =>
      session.run('schedule resume', call, (scope) => pauseSchedule(scope, book, name, false), { name }),
    start: () => {
      const { clock, transaction, log } = parts;
      const onFailure = (error: unknown) => log.warn({ err: error }, 'schedule');
      const scheduler = startScheduler({ book, now: clock.now, transaction, onFailure });
      parts.onStart(scheduler.stop);
      return scheduler;
    },
  };

  return {
    define: registry.define,
    types: (call) => session.run('job types', call, (scope) => listJobTypes(scope, registry)),
    enableType: (type, isEnabled, call) =>
      session.run(
        'job type',
        call,
        (scope) => {
          scope.tx.afterCommit(parts.places.forget);
          return enableType(scope, type, isEnabled);
        },
        { type, isEnabled },
      ),
    submit: (ref, type, input, options, call) => submit(ref, [type, [input], options], call, answerOf),
    submitMany: (ref, type, inputs, options, call) =>
      submit(ref, [type, inputs, options], call, async (_scope, _organization, { jobs }) => jobs),
    enqueue: async (given, ref, type, input, options, call) => {
      const organization = await parts.idOf(ref);
      const scope =
        'tx' in given ? { ...given, ...call } : { ...session.call(call), ...parts.bare, tx: given };
      const quick = await submitAtOnce(scope, parts, organization, type, [input], options);
      const made =
        typeof quick === 'string'
          ? await submitJobs(scope, parts, organization, type, [input], options)
          : quick;
      return answerOf(scope, organization, made);
    },
    show: (id, { organization, withInput = false } = {}, call) =>
      within('job show', organization, call, (scope, bound) => showJob(scope, id, bound, withInput)),
    list: ({ organization, ...input } = {}, call) =>
      within('job list', organization, call, (scope, bound) => listJobs(scope, bound, input)),
    history: (id, { organization } = {}, call) =>
      within('job history', organization, call, (scope, bound) => showHistory(scope, id, bound)),
    cancel: (id, { organization } = {}, call) =>
      within('job cancel', organization, call, (scope, bound) => cancelJob(scope, doorbell, id, bound)),
    retry: (id, { organization, ...options } = {}, call) =>
      within('job retry', organization, call, async (scope, bound) => {
        const row = await requireJob(scope, id, bound);
        return row.state === 'dead_letter'
          ? replayJob(scope, parts, row, options)
          : hurryJob(scope, doorbell, row);
      }),
    metrics: ({ organization } = {}, call) =>
      within('job metrics', organization, call, (scope, bound) => measureJobs(scope, bound)),
    stuck: (call) => session.run('job stuck', call, listStuckJobs),
    cleanup: async ({ keptDays = limits.jobKeptDays } = {}, call) => {
      const jobs = await session.run('job cleanup', call, (scope) => beginCleanup(scope, keptDays));
      if (call?.dryRun) return { jobs, days_dropped: 0, deleted: 0 };
      return { jobs, ...(await parts.keepHistory(keptDays)) };
    },
    deadLetters: Object.freeze(deadLetters),
    queues: Object.freeze(queues),
    schedules: Object.freeze(schedules),
    workers: (call) => session.run('workers', call, listWorkerDocuments),
    work: (options) => {
      const worker = startWorker(parts, options);
      parts.onStart(() => worker.stop());
      return worker;
    },
    observe: (listener) => {
      parts.observers.add(listener);
      return () => parts.observers.delete(listener);
    },
  };
}

/** What programs submit is told by the execution log; what people do is in the trail too. */
function isOnRecord({ type }: Principal): boolean {
  return type === 'person' || type === 'operator';
}

/** One entry for a submission, whatever it brought. */
async function record(scope: Scope, organization: string, jobs: readonly JobDocument[]): Promise<void> {
  const [first] = jobs;
  if (first === undefined) return;
  const { id: name, type, queue } = first;
  const ids = jobs.map(({ id }) => id);
  await recordAct(
    scope,
    organization,
    'job.submit',
    { doctype: 'Background Job', name },
    { old: null, new: { type, queue, ...(ids.length > 1 ? { jobs: ids } : {}) } },
  );
}

/** One after another, each in a transaction of its own, at a rate. */
async function replayMany(
  { clock }: Pick<JobsParts, 'clock'>,
  deadLetters: DeadLetters,
  which: readonly string[] | DeadLetterQuery,
  { perSecond, signal, onEach, organization, ...options }: ReplayManyOptions,
  call?: CallOptions,
): Promise<ManyJobs> {
  if (perSecond !== undefined && !(perSecond > 0 && perSecond <= limits.replaysPerSecondMax))
    throw new DartwingError('VALIDATION_ERROR', {
      message: `A rate lies above 0 and is at most ${limits.replaysPerSecondMax} a second`,
    });
  const { idempotencyKey: _, ...facts } = call ?? {};
  const targets: Target[] = Array.isArray(which)
    ? which.map((id: string) => ({ id, organization }))
    : await targetsOf(deadLetters, which as DeadLetterQuery, organization, facts);
  if (targets.length > limits.replaysMax)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `At most ${limits.replaysMax} jobs are replayed at once`,
    });
  const all: ManyJobs = { done: [], failed: [] };
  const startedAt = clock.monotonicMs();
  for (const [index, target] of targets.entries()) {
    const { id } = target;
    if (signal?.aborted) break;
    if (perSecond !== undefined) await until(startedAt + (index * 1_000) / perSecond, clock, signal);
    if (signal?.aborted) break;
    await deadLetters.replay(id, { ...options, organization: target.organization }, facts).then(
      (job) => all.done.push(job),
      (error: unknown) => all.failed.push({ id, error: asDartwingError(error) }),
    );
    onEach?.(all.done.length, all.failed.length, targets.length);
  }
  return all;
}

/** A dead letter, and the organization that its replay is bound to. */
interface Target {
  id: string;
  organization: string | undefined;
}

async function targetsOf(
  deadLetters: DeadLetters,
  query: DeadLetterQuery,
  organization: string | undefined,
  call: CallOptions,
): Promise<Target[]> {
  const targets: Target[] = [];
  let after: DeadLetterPlace | undefined;
  do {
    const { items, next } = await deadLetters.page({ ...query, organization, after }, call);
    targets.push(...items.map((job) => ({ id: job.id, organization: job.organization })));
    after = next;
  } while (after !== undefined && targets.length <= limits.replaysMax);
  return targets;
}

function until(at: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  const ms = at - clock.monotonicMs();
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
  });
}
