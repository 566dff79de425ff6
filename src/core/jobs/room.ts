/** The room as callers see it: each verb in a transaction of its own, bound to its organization where one is named. */
import type { CallOptions, Principal, Scope, Session } from '../access/index.js';
import { recordAct } from '../access/index.js';
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { cancelJob, hurryJob } from './cancel.js';
import {
  discardJob,
  listDeadLetters,
  pageOfDeadLetters,
  type ReplayOptions,
  replayJob,
  resolveJob,
} from './dead-letter.js';
import type { Registry } from './definition.js';
import type { QueueDepths } from './depths.js';
import { type JobDocument, jobDocument } from './document.js';
import type { JobDoorbell } from './doorbell.js';
import type { DeadLetters, InOrganization, Jobs, Queues, Schedules, Submitted } from './jobs.js';
import { beginCleanup } from './maintenance.js';
import type { Places } from './places.js';
import { findJob } from './read-queries.js';
import { replayMany } from './replay-many.js';
import {
  beginScheduleRun,
  listScheduleDocuments,
  pauseSchedule,
  requireSchedule,
  runSchedule,
  type ScheduleBook,
  startScheduler,
} from './schedule.js';
import {
  enableType,
  limitOrganization,
  listJobTypes,
  listQueueDocuments,
  listWorkerDocuments,
  pauseQueue,
  resumeQueue,
  setQueue,
  showQueue,
} from './settings.js';
import { listJobs, listStuckJobs, measureJobs, requireJob, showHistory, showJob } from './show.js';
import {
  type Submission,
  type SubmitOptions,
  type SubmittedBatch,
  submitAtOnce,
  submitJobs,
} from './submit.js';
import { startWorker, type WorkerParts } from './worker.js';
import type { JobEvent } from './worker-contract.js';

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

  const runIn = <T>(
    id: string,
    call: CallOptions | undefined,
    work: (scope: Scope) => Promise<T>,
  ): Promise<T> => session.runIn(id, call, work, { leavesNothing: true });

  /** Bound to an organization where one is named; else over all of them. */
  const within = async <T>(
    purpose: string,
    ref: string | undefined,
    call: CallOptions | undefined,
    work: (scope: Scope, organization: string | undefined) => Promise<T>,
  ): Promise<T> => {
    if (ref === undefined) return session.run(purpose, call, (scope) => work(scope, undefined));
    const id = await parts.idOf(ref);
    return runIn(id, call, (scope) => work(scope, id));
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
    const attempt = await runIn(organization, facts, async (scope): Promise<Attempt> => {
      const quick = await submitAtOnce(scope, parts, organization, type, inputs, options, isLast);
      if (quick === 'refused' && isLast) return { done: false };
      const made =
        typeof quick === 'string'
          ? await submitJobs(scope, parts, organization, type, inputs, options)
          : quick;
      if (!isLast) await record(scope, organization, made.jobs);
      return { done: true, value: await answer(scope, organization, made) };
    });
    if (attempt.done) return attempt.value;
    return runIn(organization, facts, async (scope) => {
      const made = await submitJobs(scope, parts, organization, type, inputs, options);
      return answer(scope, organization, made);
    });
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
    replayMany: (which, options = {}, call) => replayMany(parts.clock, deadLetters, which, options, call),
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
