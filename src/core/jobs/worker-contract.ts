/** What a worker is asked for, and what it tells. */
import { DartwingError } from '../errors.js';
import { type QueueName, queueNames } from './definition.js';

export interface WorkerOptions {
  /** Queues to work on; default all. */
  queues?: readonly QueueName[] | undefined;
  /** Slots of each queue; default what the queue says. */
  concurrency?: number | undefined;
  name?: string | undefined;
  /** How long running jobs may take to finish when the worker stops. Default 30 s. */
  drainMs?: number | undefined;
}

export interface WorkerStats {
  completed: number;
  failed: number;
  /** Put back unfinished. */
  released: number;
  /** Became dead letters. */
  dead: number;
}

export interface JobWorker {
  readonly id: string;
  /** It hears and takes jobs. */
  readonly ready: Promise<void>;
  readonly stats: WorkerStats;
  readonly running: number;
  /** Resolves when nothing is in the lines and nothing runs, for `--once`. */
  empty(): Promise<void>;
  /** Takes no more, lets running jobs finish for a while, puts back the rest. Again: puts back the rest now. */
  stop(options?: { drainMs?: number | undefined }): Promise<WorkerStats>;
}

/** What happened to a job, told in this process after it is committed. */
export interface JobEvent {
  organization: string;
  id: string;
  type: string;
  event:
    | 'running'
    | 'progress'
    | 'completed'
    | 'failed'
    | 'timed_out'
    | 'canceled'
    | 'dead_letter'
    | 'released';
  attempt: number;
  queue: QueueName;
  /** Of the run: that of whoever submitted it, or one that began with it. */
  traceId: string;
  spanId: string;
  /** Since the run began. */
  ms: number;
  progress?: { percent: number; message: string | null };
  error?: { code: string; message: string };
}

/** @throws VALIDATION_ERROR */
export function requireQueues({
  queues = queueNames,
  concurrency,
  drainMs,
}: WorkerOptions): readonly QueueName[] {
  const unknown = queues.find((queue) => !queueNames.includes(queue));
  if (unknown !== undefined || queues.length === 0)
    throw new DartwingError('QUEUE_NOT_FOUND', { name: String(unknown ?? ''), known: queueNames.join(', ') });
  const isSlots =
    concurrency === undefined || (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 1_000);
  if (!isSlots)
    throw new DartwingError('VALIDATION_ERROR', { message: 'concurrency is a whole number from 1 to 1000' });
  if (drainMs !== undefined && !(drainMs >= 0 && drainMs <= 3_600_000))
    throw new DartwingError('VALIDATION_ERROR', { message: 'A worker drains for at most an hour' });
  return queues;
}
