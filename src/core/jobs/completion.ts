/** Writes finished jobs down, many at once: one transaction is on its way, what finishes meanwhile goes with the next. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import type { JobDoorbell } from './doorbell.js';
import { completeJobs, dropProgress, type Finished, releaseChildren } from './engine-queries.js';
import { findRunning } from './read-queries.js';
import type { JobKey } from './row.js';

interface Waiting extends Finished {
  worker: string;
  reported: boolean;
  settle: (isMine: boolean) => void;
}

export interface Completions {
  /** Resolves when it is written down: true, or false when the job was no longer the worker's. */
  add(worker: string, finished: Finished, reported: boolean): Promise<boolean>;
  readonly waiting: number;
  /** Resolves when everything is written down. */
  quiet(): Promise<void>;
}

export function openCompletions(parts: {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  doorbell: JobDoorbell;
  /** Whether a worker id is still this process's; what belongs to a former one is others' by now. */
  isCurrent: (worker: string) => boolean;
  onFailure: (error: unknown) => void;
}): Completions {
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  /** One transaction; what could not be decided waits again. */
  async function flush(batch: readonly Waiting[]): Promise<void> {
    const worker = batch[0]!.worker;
    const mine = batch.filter((each) => each.worker === worker);
    const others = batch.filter((each) => each.worker !== worker);
    const done = await parts.transaction(async (tx) => {
      const rows = await completeJobs(tx, worker, mine);
      const parents = rows.filter((row) => row.has_children);
      if (parents.length > 0) parts.doorbell.ringAfter(tx, await releaseChildren(tx, parents));
      const told = mine.filter(({ reported }) => reported);
      if (told.length > 0) await dropProgress(tx, told);
      const written = new Set(rows.map(keyOf));
      const missing = mine.filter((each) => !written.has(keyOf(each)));
      // Still this worker's, so somebody else holds the row for a moment.
      const held = missing.length === 0 ? [] : await findRunning(tx, missing);
      return { written, held: new Set(held.filter((row) => row.worker === worker).map(keyOf)) };
    });
    waiting.unshift(...others);
    for (const each of mine) {
      if (done.written.has(keyOf(each))) each.settle(true);
      else if (done.held.has(keyOf(each))) waiting.push(each);
      else each.settle(false);
    }
    // Nothing but rows that somebody holds: give them a moment.
    if (done.written.size === 0 && done.held.size > 0) await pause(limits.jobCompletionPauseMs);
  }

  async function run(): Promise<void> {
    // What finishes in the same turn of the event loop goes together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.slice(0, limits.jobCompletionsMax);
      waiting = waiting.slice(batch.length);
      await flush(batch).catch(async (error: unknown) => {
        parts.onFailure(error);
        for (const each of batch) {
          if (parts.isCurrent(each.worker)) waiting.push(each);
          else each.settle(false);
        }
        await pause(limits.jobFailurePauseMs);
      });
    }
    running = undefined;
  }

  return {
    add: (worker, finished, reported) =>
      new Promise((settle) => {
        waiting.push({ ...finished, worker, reported, settle });
        running ??= run();
      }),
    get waiting() {
      return waiting.length;
    },
    quiet: async () => running,
  };
}

function keyOf({ organization, number }: JobKey): string {
  return `${organization} ${number}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
