/** Replay of many dead letters: each in a transaction of its own, at a rate, until somebody stops it. */
import type { CallOptions } from '../access/index.js';
import type { Clock } from '../clock.js';
import { asDartwingError, DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { DeadLetterPlace, DeadLetterQuery } from './dead-letter.js';
import { workerLost } from './ending.js';
import type { DeadLetters, ManyJobs, ReplayManyOptions } from './jobs.js';

/** One after another, each in a transaction of its own, at a rate. */
export async function replayMany(
  clock: Clock,
  deadLetters: DeadLetters,
  which: readonly string[] | DeadLetterQuery,
  { perSecond, limit, signal, onEach, organization, ...options }: ReplayManyOptions,
  call?: CallOptions,
): Promise<ManyJobs> {
  if (perSecond !== undefined && !(perSecond > 0 && perSecond <= limits.replaysPerSecondMax))
    throw new DartwingError('VALIDATION_ERROR', {
      message: `A rate lies above 0 and is at most ${limits.replaysPerSecondMax} a second`,
    });
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= limits.replaysMax))
    throw new DartwingError('VALIDATION_ERROR', {
      message: `A limit is a whole number from 1 to ${limits.replaysMax}`,
    });
  const { idempotencyKey: _, ...facts } = call ?? {};
  const { targets, left } = Array.isArray(which)
    ? { targets: which.map((id: string): Target => ({ id, organization })), left: [] }
    : await targetsOf(deadLetters, which as DeadLetterQuery, { organization, limit }, facts);
  if (targets.length > limits.replaysMax)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `At most ${limits.replaysMax} jobs are replayed at once`,
    });
  const all: ManyJobs = { done: [], failed: [], left };
  const startedAt = clock.monotonicMs();
  for (const [index, target] of targets.entries()) {
    const { id } = target;
    if (signal?.aborted) break;
    // A dry run puts nothing into a line: there is nothing to spread.
    if (perSecond !== undefined && call?.dryRun !== true)
      await until(startedAt + (index * 1_000) / perSecond, clock, signal);
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

/** What killed its workers would kill the next ones: it is no part of all, unless the query asks for it. */
async function targetsOf(
  deadLetters: DeadLetters,
  query: DeadLetterQuery,
  { organization, limit }: Pick<ReplayManyOptions, 'organization' | 'limit'>,
  call: CallOptions,
): Promise<{ targets: Target[]; left: string[] }> {
  const targets: Target[] = [];
  const left: string[] = [];
  let after: DeadLetterPlace | undefined;
  do {
    const { items, next } = await deadLetters.page({ ...query, organization, after }, call);
    for (const job of items) {
      if (targets.length === limit) return { targets, left };
      if (job.error?.code === workerLost && query.error === undefined) left.push(job.id);
      else targets.push({ id: job.id, organization: job.organization });
    }
    after = next;
  } while (after !== undefined && targets.length <= limits.replaysMax);
  return { targets, left };
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
