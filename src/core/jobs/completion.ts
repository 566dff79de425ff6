/**
 * Writes finished jobs down, many at once. What finishes while a worker is busy waits a moment for the next claim, which
 * takes it along; what finishes last goes by itself.
 */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import type { JobDoorbell } from './doorbell.js';
import {
  type Completed,
  completeJobs,
  dropProgress,
  type Finished,
  releaseChildren,
} from './engine-queries.js';
import { findRunning } from './read-queries.js';
import type { JobKey } from './row.js';

interface Waiting extends Finished {
  worker: string;
  reported: boolean;
  settle: (isMine: boolean) => void;
}

export interface Completions {
  /**
   * Resolves when it is written down: true, or false when the job was no longer the worker's.
   * @param hurry others wait for it
   */
  add(worker: string, finished: Finished, reported: boolean, hurry: boolean): Promise<boolean>;
  /** What waits, for a transaction that is on its way anyway. Whoever takes it says afterwards what became of it. */
  take(): CompletionBatch | undefined;
  readonly waiting: number;
  /** Resolves when everything is written down. */
  quiet(): Promise<void>;
}

export interface CompletionBatch {
  /** Writes down, with nothing that waits for an answer in between. */
  write(tx: Tx): Promise<void>;
  /** The transaction is committed. */
  written(): Promise<void>;
  /** It is not, or nobody knows. */
  failed(): void;
}

export function openCompletions(parts: {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  doorbell: JobDoorbell;
  /** Whether a worker id is still this process's; what belongs to a former one is others' by now. */
  isCurrent: (worker: string) => boolean;
  /** Whether a claim is likely to come soon. */
  isBusy: () => boolean;
  onFailure: (error: unknown) => void;
}): Completions {
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  let hurry: (() => void) | undefined;
  const onTheirWay = new Set<Promise<void>>();

  /** Settles what was written and what is others'; the rest, which somebody holds for a moment, waits again. */
  async function decide(batch: readonly Waiting[], rows: readonly Completed[]): Promise<number> {
    const done = new Set(rows.map(keyOf));
    const missing = batch.filter((each) => !done.has(keyOf(each)));
    for (const each of batch) if (done.has(keyOf(each))) each.settle(true);
    if (missing.length === 0) return 0;
    const found = await parts.transaction((tx) => findRunning(tx, missing));
    const held = new Map(found.map((row) => [keyOf(row), row.worker]));
    for (const each of missing) {
      if (held.get(keyOf(each)) === each.worker) waiting.push(each);
      else each.settle(false);
    }
    return found.length;
  }

  function giveBack(batch: readonly Waiting[]): void {
    for (const each of batch) {
      if (parts.isCurrent(each.worker)) waiting.push(each);
      else each.settle(false);
    }
  }

  function batchOf(): Waiting[] {
    const worker = waiting[0]?.worker;
    const batch = waiting.filter((each) => each.worker === worker).slice(0, limits.jobCompletionsMax);
    const taken = new Set(batch);
    waiting = waiting.filter((each) => !taken.has(each));
    return batch;
  }

  /** Sends everything at once, so that it is one flight; the last statement ends the transaction when nothing follows. */
  async function write(tx: Tx, batch: readonly Waiting[], isLast: boolean): Promise<Completed[]> {
    const told = batch.filter(({ reported }) => reported);
    const [rows, , children] = await Promise.all([
      completeJobs(tx, batch[0]!.worker, batch),
      told.length > 0 ? dropProgress(tx, told) : undefined,
      releaseChildren(tx, batch, isLast),
    ]);
    if (children.length > 0) parts.doorbell.ringAfter(tx, children);
    return rows;
  }

  async function run(): Promise<void> {
    await new Promise<void>((resolve) => {
      hurry = resolve;
      if (parts.isBusy()) setTimeout(resolve, limits.jobGatherMs);
      else setImmediate(resolve);
    });
    while (waiting.length > 0) {
      const batch = batchOf();
      try {
        const rows = await parts.transaction((tx) => write(tx, batch, true));
        // Nothing but rows that somebody holds: give them a moment.
        if ((await decide(batch, rows)) > 0 && rows.length === 0) await pause(limits.jobCompletionPauseMs);
      } catch (error) {
        parts.onFailure(error);
        giveBack(batch);
        await pause(limits.jobFailurePauseMs);
      }
    }
    running = undefined;
  }

  return {
    add: (worker, finished, reported, isUrgent) =>
      new Promise((settle) => {
        waiting.push({ ...finished, worker, reported, settle });
        running ??= run();
        if (isUrgent) hurry?.();
      }),
    take: () => {
      if (waiting.length === 0) return undefined;
      const batch = batchOf();
      let rows: Completed[] = [];
      let end = (): void => {};
      const onItsWay = new Promise<void>((resolve) => {
        end = resolve;
      });
      onTheirWay.add(onItsWay);
      const over = () => {
        onTheirWay.delete(onItsWay);
        end();
        if (waiting.length > 0) running ??= run();
      };
      return {
        write: async (tx) => {
          rows = await write(tx, batch, false);
        },
        written: async () => {
          await decide(batch, rows).catch((error: unknown) => {
            parts.onFailure(error);
            giveBack(batch.filter((each) => !rows.some((row) => keyOf(row) === keyOf(each))));
          });
          over();
        },
        failed: () => {
          giveBack(batch);
          over();
        },
      };
    },
    get waiting() {
      return waiting.length + onTheirWay.size;
    },
    quiet: async () => {
      while (running !== undefined || onTheirWay.size > 0) {
        await Promise.all(onTheirWay);
        await running;
      }
    },
  };
}

function keyOf({ organization, number }: JobKey): string {
  return `${organization} ${number}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
