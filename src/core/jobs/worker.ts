/** A worker: takes jobs of its queues, runs them in slots, tells that it lives, and takes over from those who do not. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Client } from 'pg';
import type { Clock } from '../clock.js';
import { keepListening, type Listening, type Tx } from '../db/index.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import type { ClaimedJob } from './claim-queries.js';
import { openCompletions } from './completion.js';
import type { QueueName } from './definition.js';
import { jobChannel, readyRings, ringsOf } from './doorbell.js';
import { discoverLines, lockJobs, releaseJobs, upsertProgress } from './engine-queries.js';
import { openLine, type QueueLine } from './queue-line.js';
import { type Outcome, type Running, type RunParts, runJob, runningOf, stop } from './run.js';
import { deleteEmptyWorkers, insertWorker, touchWorker, upsertTypes } from './settings-queries.js';
import { lookAfter, settleOutcome, takeOver } from './sweep.js';
import {
  type JobEvent,
  type JobWorker,
  requireQueues,
  type WorkerOptions,
  type WorkerStats,
} from './worker-contract.js';
import { promoteAll, readLineSettings, repeat } from './worker-upkeep.js';

export interface WorkerParts extends RunParts {
  clock: Clock;
  random: () => number;
  log: Log;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  listener: () => Promise<Client>;
  publish: (event: JobEvent) => void;
}

export function startWorker(parts: WorkerParts, options: WorkerOptions = {}): JobWorker {
  const { clock, log, transaction } = parts;
  const onFailure = (error: unknown) => log.warn({ err: error }, 'jobs');
  const wanted = requireQueues(options);
  const name = options.name ?? `${hostname()}:${process.pid}`;
  const stats: WorkerStats = { completed: 0, failed: 0, released: 0, dead: 0 };
  const lines = new Map<QueueName, QueueLine>();
  const running = new Map<string, Running>();
  const timers: NodeJS.Timeout[] = [];
  /** What this worker took and has not settled: organization, number and attempt. */
  const held = new Set<string>();
  const completions = openCompletions({
    transaction,
    doorbell: parts.doorbell,
    isCurrent: (worker) => worker === id,
    isBusy: () => [...lines.values()].some((line) => line.running > 0),
    onFailure,
  });
  let id = randomUUID() as string;
  let slots: Record<string, number> = {};
  let seenAt = clock.monotonicMs();
  let draining = false;
  /** It was silent for so long that others may have its jobs: it goes on under another id. */
  let forfeited = false;
  /** A claim failed in a way that leaves open whether it happened. */
  let unsureAt: number | undefined;
  let stopped: Promise<WorkerStats> | undefined;
  /** A second stop may come before the first has begun to wait. */
  let isCut = false;
  let cutShort = (): void => {};

  const publish = (
    { job, id: jobId, trace, startedAt }: Running,
    event: JobEvent['event'],
    more: Partial<JobEvent> = {},
  ) =>
    parts.publish({
      organization: job.organization,
      id: jobId,
      type: job.type,
      attempt: job.attempt,
      queue: job.queue,
      traceId: trace.traceId,
      spanId: trace.spanId,
      ms: clock.monotonicMs() - startedAt,
      event,
      ...more,
    });

  const runOne = async (job: ClaimedJob): Promise<void> => {
    const key = `${job.organization} ${job.number}`;
    // Taken under a former id: it is another's by now, or will be.
    if (job.worker !== id) return;
    const mine = runningOf(job, id, clock.monotonicMs());
    running.set(key, mine);
    publish(mine, 'running');
    const outcome = await runJob(parts, mine);
    await settle(mine, outcome);
    if (running.get(key) === mine) running.delete(key);
  };

  /** Writes down what became of an attempt. A success goes with others, and its slot is free meanwhile. */
  async function settle(mine: Running, outcome: Outcome): Promise<void> {
    const { job, worker } = mine;
    if (outcome.kind === 'completed') {
      const { organization, number, attempt } = job;
      const finished = { organization, number, attempt, output: outcome.output };
      // Others wait for what it has done. Those that wait for its place get it with the claim that takes it along.
      const hurry = job.has_children;
      void completions.add(worker, finished, mine.reported, hurry).then((isMine) => {
        held.delete(heldKey(job));
        if (!isMine)
          return log.warn({ job: mine.id }, 'a job was finished after it had become another worker’s');
        stats.completed += 1;
        publish(mine, 'completed');
      });
      return;
    }
    if (outcome.kind === 'lost') {
      held.delete(heldKey(job));
      return;
    }
    if (outcome.kind === 'done') {
      held.delete(heldKey(job));
      stats.completed += 1;
      publish(mine, 'completed');
      return;
    }
    const became = await untilWritten(worker, () => settleOutcome(parts, mine, outcome));
    held.delete(heldKey(job));
    if (became === undefined) return;
    if (became === 'released') stats.released += 1;
    else if (became !== 'canceled') stats.failed += 1;
    if (became === 'dead_letter') stats.dead += 1;
    publish(mine, became, 'error' in outcome ? { error: outcome.error } : {});
  }

  /** Repeats what has to be written down until it is, or until the job is no longer this worker's to settle. */
  async function untilWritten<T>(worker: string, write: () => Promise<T>): Promise<T | undefined> {
    while (worker === id) {
      try {
        return await write();
      } catch (error) {
        onFailure(error);
        await new Promise((resolve) => setTimeout(resolve, limits.jobFailurePauseMs));
      }
    }
    return undefined;
  }

  async function refresh(): Promise<void> {
    const settings = await readLineSettings(transaction, wanted, options.concurrency);
    for (const [queue, given] of settings) lines.get(queue)?.set(given);
    slots = Object.fromEntries([...settings].map(([queue, given]) => [queue, given.slots]));
  }

  async function register(): Promise<void> {
    await transaction(async (tx) => {
      await insertWorker(tx, { id, name, host: hostname(), pid: process.pid, slots });
      const types = parts.registry.all().map(({ stored }) => stored);
      if (types.length > 0) await upsertTypes(tx, types);
    });
    seenAt = clock.monotonicMs();
  }

  /** Nothing that runs here is ours any more. */
  function loseAll(): void {
    for (const mine of running.values()) stop(mine, 'lost');
  }

  async function beat(): Promise<void> {
    const facts = { slots, stats: { ...stats, running: running.size }, draining };
    const answer = forfeited
      ? undefined
      : await transaction((tx) => touchWorker(tx, id, facts, limits.jobLeaseMs));
    if (answer === undefined) {
      log.warn({ worker: id }, 'this worker was silent for too long; it begins anew under another id');
      loseAll();
      id = randomUUID();
      if (draining) return;
      await register();
      forfeited = false;
      await discover();
      return;
    }
    seenAt = clock.monotonicMs();
    if (unsureAt !== undefined) {
      const isOver = seenAt - unsureAt > 3 * limits.jobHeartbeatMs;
      await findForgotten();
      if (isOver) unsureAt = undefined;
    }
    await lookAfter(parts, running);
    if (answer.is_another_silent) await takeOver(parts);
    if (!draining) await refresh();
  }

  /** Puts back what a failed claim took all the same; a claim on its way is younger than the margin. */
  async function findForgotten(): Promise<void> {
    const condition =
      "j.state = 'running' and j.worker = $1 and j.started_at < clock_timestamp() - $2 * interval '1 millisecond'";
    await transaction(async (tx) => {
      const rows = await lockJobs(tx, condition, [id, limits.jobHeartbeatMs], false);
      const forgotten = rows.filter((row) => !held.has(heldKey(row)));
      if (forgotten.length > 0) parts.doorbell.ringAfter(tx, await releaseJobs(tx, id, forgotten));
    });
  }

  /** Others may take over soon: what has not been able to say that it lives must not go on. */
  function checkLease(): void {
    if (forfeited || clock.monotonicMs() - seenAt <= limits.jobLeaseMs - limits.jobHeartbeatMs / 2) return;
    forfeited = true;
    loseAll();
    // Nothing more is written under the former id, so nothing waits for a database that may never answer.
    id = randomUUID();
  }

  /** Finds the lines that nobody told of; tells how many there are. */
  async function discover(): Promise<number> {
    const found = await transaction((tx) => discoverLines(tx, [...lines.keys()]));
    for (const [queue, line] of lines) line.found(found.filter((one) => one.queue === queue));
    return found.length;
  }

  const promote = () => promoteAll(transaction, parts.doorbell);

  async function report(): Promise<void> {
    const told = [...running.values()].filter((mine) => mine.progress !== undefined);
    if (told.length === 0) return;
    const reports = told.map((mine) => {
      const progress = mine.progress!;
      mine.progress = undefined;
      mine.reported = true;
      publish(mine, 'progress', { progress });
      const { organization, number } = mine.job;
      return { organization, number, ...progress };
    });
    await transaction((tx) => upsertProgress(tx, reports));
  }

  const every = (ms: number, work: () => Promise<void>) => timers.push(repeat(ms, work, onFailure));

  let listening: Listening | undefined;
  const unhear = parts.doorbell.listen((ring) => hear([ring]));
  function hear(rings: ReturnType<typeof ringsOf>): void {
    for (const ring of rings) {
      if (ring.kind === 'ready') lines.get(ring.queue as QueueName)?.hear(ring);
      else if (ring.kind === 'settings') void refresh().catch(onFailure);
      else {
        const mine = running.get(`${ring.organization} ${ring.number}`);
        if (mine !== undefined) stop(mine, 'cancel');
      }
    }
  }

  async function start(): Promise<void> {
    const settings = await readLineSettings(transaction, wanted, options.concurrency);
    slots = Object.fromEntries([...settings].map(([queue, given]) => [queue, given.slots]));
    await register();
    if (draining) return;
    for (const [queue, given] of settings) {
      const line = openLine({
        queue,
        settings: given,
        worker: () => id,
        transaction,
        monotonicMs: clock.monotonicMs,
        run: runOne,
        release: async (jobs) => {
          const rows = await transaction((tx) => releaseJobs(tx, id, jobs));
          for (const job of jobs) held.delete(heldKey(job));
          stats.released += rows.length;
          parts.doorbell.tell(readyRings(rows));
        },
        taken: (jobs) => {
          for (const job of jobs) held.add(heldKey(job));
        },
        unsure: () => {
          unsureAt = clock.monotonicMs();
        },
        isBehind: () => completions.waiting > limits.jobCompletionsMax,
        finished: completions.take,
        onFailure,
      });
      lines.set(queue, line);
    }
    listening = keepListening({
      open: parts.listener,
      channel: jobChannel,
      pauseMs: limits.jobListenPauseMs,
      pauseMsMax: 16 * limits.jobListenPauseMs,
      onPayload: (payload) => hear(ringsOf(payload)),
      onConnected: () => void discover().catch(onFailure),
      onFailure,
    });
    await listening.ready;
    // Perhaps it stands in for one that died.
    await takeOver(parts);
    await discover();
    await promote();
    every(limits.jobPromoteMs, promote);
    every(limits.jobProgressMs, report);
    every(limits.jobHeartbeatMs, beat);
    every(
      Math.round(limits.jobDiscoverMs * (0.8 + 0.4 * parts.random())),
      async () => void (await discover()),
    );
    every(limits.jobHeartbeatMs / 5, async () => checkLease());
  }

  const ready = start();
  ready.catch(onFailure);

  async function finish(drainMs: number): Promise<WorkerStats> {
    draining = true;
    await ready.catch(() => {});
    await Promise.all([...lines.values()].map((line) => line.stop()));
    const idle = Promise.all([...lines.values()].map((line) => line.idle()));
    await Promise.race([
      idle,
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, isCut ? 0 : drainMs);
        cutShort = () => {
          clearTimeout(timer);
          resolve();
        };
        void idle.then(cutShort);
      }),
    ]);
    for (const mine of running.values()) stop(mine, 'drain');
    await idle;
    await completions.quiet();
    await report().catch(onFailure);
    for (const timer of timers) clearInterval(timer);
    unhear();
    await listening?.close();
    // While anything is still under its name, others have to be able to find it dead.
    await transaction((tx) => deleteEmptyWorkers(tx, [id])).catch(onFailure);
    await parts.doorbell.quiet();
    return stats;
  }

  return {
    get id() {
      return id;
    },
    ready,
    stats,
    get running() {
      return running.size;
    },
    empty: async () => {
      await ready;
      for (;;) {
        await promote();
        const found = await discover();
        const busy = [...lines.values()].some((line) => line.running > 0);
        if (found === 0 && !busy && completions.waiting === 0) {
          await completions.quiet();
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, limits.jobEmptyPollMs));
      }
    },
    stop: ({ drainMs = options.drainMs ?? limits.jobDrainMs } = {}) => {
      if (stopped === undefined) stopped = finish(drainMs);
      else {
        isCut = true;
        cutShort();
      }
      return stopped;
    },
  };
}

/** A job and the attempt at it. */
function heldKey({
  organization,
  number,
  attempt,
}: Pick<ClaimedJob, 'organization' | 'number' | 'attempt'>): string {
  return `${organization} ${number} ${attempt}`;
}
