/** One attempt at one job: rights, input, handler, time-out, and what became of it. */
import { isAuthorized, type Principal, type Scope, type Session } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { parseInput } from '../input.js';
import { limits } from '../limits.js';
import { type Trace, traceOf, traceparentOf } from '../trace.js';
import type { ClaimedJob } from './claim-queries.js';
import type { JobContext } from './context.js';
import type { RegisteredType, Registry } from './definition.js';
import { jobId } from './document.js';
import type { JobDoorbell } from './doorbell.js';
import { completeJobs, holdJob, isKeyLive, releaseChildren } from './engine-queries.js';
import { failureOf, type JobFailure } from './retry.js';
import { runInThread } from './thread.js';

/** Why a running job is to stop. */
export type StopReason = 'timeout' | 'cancel' | 'lost' | 'drain';

export type Outcome =
  /** `output` is JSON text. */
  | { kind: 'completed'; output: string | null }
  /** Completed in the handler's own transaction. */
  | { kind: 'done' }
  | { kind: 'failed'; error: JobFailure }
  | { kind: 'timed_out'; error: JobFailure }
  | { kind: 'canceled' }
  /** Not this worker's any more: nothing is written down. */
  | { kind: 'lost' }
  | { kind: 'released' };

/** A job in a slot. */
export interface Running {
  job: ClaimedJob;
  id: string;
  /** Goes on with that of whoever submitted it, or begins with the request in which they did. */
  trace: Trace;
  worker: string;
  stopped: StopReason | undefined;
  /** What a stopped job is told. */
  reason: DartwingError | undefined;
  /** Made when its handler asks for the signal: most never do, and one is dear. */
  controller: AbortController | undefined;
  /** Gives the handler up some time after it was told to stop. */
  giveUp: (() => void) | undefined;
  /** Monotonic milliseconds. */
  startedAt: number;
  progress: { percent: number; message: string | null } | undefined;
  /** It told some, so there is a row to forget. */
  reported: boolean;
}

export interface RunParts {
  session: Session;
  registry: Registry;
  doorbell: JobDoorbell;
}

/** Tells a running job to stop, once. */
export function stop(running: Running, reason: StopReason): void {
  if (running.stopped !== undefined) return;
  running.stopped = reason;
  running.reason = stopError(running, reason);
  running.controller?.abort(running.reason);
  running.giveUp?.();
}

/** Aborted when the job is to stop. */
function signalOf(running: Running): AbortSignal {
  if (running.controller === undefined) {
    running.controller = new AbortController();
    if (running.reason !== undefined) running.controller.abort(running.reason);
  }
  return running.controller.signal;
}

function throwIfStopped({ reason }: Running): void {
  if (reason !== undefined) throw reason;
}

function stopError({ id, job }: Running, reason: StopReason): DartwingError {
  switch (reason) {
    case 'timeout':
      return new DartwingError('JOB_TIMED_OUT', { id, seconds: job.timeout_ms / 1_000 });
    case 'cancel':
      return new DartwingError('JOB_CANCELED', { id });
    default:
      return new DartwingError('JOB_LEASE_LOST', { id });
  }
}

/** Runs a handler to its end, or gives it up a moment after it was told to stop. Never throws. */
export async function runJob(parts: RunParts, running: Running): Promise<Outcome> {
  const { job } = running;
  const timer = setTimeout(() => stop(running, 'timeout'), job.timeout_ms);
  const state = { isDone: false };
  try {
    const type = parts.registry.find(job.type);
    if (type === undefined) throw new DartwingError('JOB_HANDLER_MISSING', { type: job.type });
    await requireRights(parts, running, type);
    const work = start(parts, running, type, state);
    const output = await Promise.race([work, givenUp(running)]);
    if (state.isDone) return { kind: 'done' };
    return outcomeOfStop(running) ?? { kind: 'completed', output: outputText(output) };
  } catch (error) {
    if (state.isDone) return { kind: 'done' };
    return outcomeOfStop(running, error) ?? { kind: 'failed', error: failureOf(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** What an attempt that was told to stop counts as; a handler that came to its end all the same was not canceled. */
function outcomeOfStop({ stopped, reason }: Running, error?: unknown): Outcome | undefined {
  if (stopped === 'timeout') return { kind: 'timed_out', error: failureOf(reason, 'timeout') };
  if (stopped === 'lost') return { kind: 'lost' };
  if (stopped === 'drain' && error !== undefined) return { kind: 'released' };
  if (stopped === 'cancel' && error !== undefined) return { kind: 'canceled' };
  if (error instanceof DartwingError && error.code === 'JOB_LEASE_LOST') return { kind: 'lost' };
  return undefined;
}

/** Rejects some time after the job was told to stop, so that a handler that heeds it can clean up first. */
function givenUp(running: Running): Promise<never> {
  return new Promise((_, reject) => {
    running.giveUp = () => {
      const timer = setTimeout(() => reject(running.reason), limits.jobAbortMs);
      timer.unref();
    };
    if (running.reason !== undefined) running.giveUp();
  });
}

function start(parts: RunParts, running: Running, type: RegisteredType, state: { isDone: boolean }) {
  const { job, id } = running;
  const input = type.input === undefined ? job.input : parseInput(type.input, job.input ?? {});
  if (type.module !== undefined) {
    const { organization, attempt } = job;
    const traceparent = traceparentOf(running.trace);
    return runInThread(type.module, input, { id, organization, attempt, traceparent }, signalOf(running));
  }
  // In a promise of its own, so that whatever it throws at once is caught as well.
  return Promise.resolve().then(() => type.handler!(input as never, contextOf(parts, running, state)));
}

function principalOf({ principal }: ClaimedJob): Principal {
  return principal;
}

/**
 * The rights of now, not of then (requirements §12.4).
 * @throws PERMISSION_DENIED
 */
async function requireRights({ session }: RunParts, running: Running, type: RegisteredType): Promise<void> {
  const { job } = running;
  const principal = principalOf(job);
  if (principal.type !== 'person' && principal.key === undefined) return;
  const { organization } = job;
  await session.runIn(
    organization,
    { principal, via: 'job', requestId: requestIdOf(running) },
    async (scope) => {
      requireOne(scope, 'create', 'Background Job', organization);
      await requireKey(scope, organization);
      const { permission } = type.stored;
      if (permission === null) return;
      const at = permission.lastIndexOf(':');
      requireOne(scope, permission.slice(at + 1), permission.slice(0, at), organization);
    },
  );
}

/** @throws PERMISSION_DENIED when the key that submitted the job opens no more */
async function requireKey({ tx, principal }: Scope, organization: string): Promise<void> {
  if (
    principal.key === undefined ||
    (await isKeyLive(tx, organization, principal.id.replace(/^apikey:/, '')))
  )
    return;
  throw new DartwingError('PERMISSION_DENIED', {
    actor: principal.id,
    action: 'create',
    ref: 'Background Job/*',
  });
}

function requireOne(scope: Scope, action: string, doctype: string, organization: string): void {
  const owner = scope.principal.id;
  if (isAuthorized(scope, action, { doctype, name: '*', organization, owner })) return;
  throw new DartwingError('PERMISSION_DENIED', { actor: owner, action, ref: `${doctype}/*` });
}

function contextOf(parts: RunParts, running: Running, state: { isDone: boolean }): JobContext {
  const { job, id, worker } = running;
  const traceparent = traceparentOf(running.trace);
  const principal = principalOf(job);
  return Object.freeze({
    id,
    type: job.type,
    organization: job.organization,
    principal,
    attempt: job.attempt,
    traceparent,
    get signal() {
      return signalOf(running);
    },
    progress: (percent, message) => {
      if (!Number.isFinite(percent)) return;
      running.progress = {
        percent: Math.round(Math.min(100, Math.max(0, percent))),
        message:
          message === undefined
            ? null
            : String(message).slice(0, 500).replaceAll('\u0000', '').toWellFormed(),
      };
    },
    checkpoint: () => throwIfStopped(running),
    transaction: (work) => {
      throwIfStopped(running);
      const call = { principal, via: 'job' as const, requestId: requestIdOf(running), traceparent };
      return parts.session.runIn(job.organization, call, async (scope) => {
        // Sent before whatever the work sends, and answered before the end of the transaction.
        const held = requireHold(scope, running);
        held.catch(() => {});
        const value = await work(scope);
        await held;
        throwIfStopped(running);
        return value;
      });
    },
    complete: async (scope, output) => {
      if (scope.tx.organization !== job.organization) throw new DartwingError('JOB_LEASE_LOST', { id });
      const { organization, number, attempt } = job;
      const finished = { organization, number, attempt, output: outputText(output) };
      const [completed] = await completeJobs(scope.tx, worker, [finished], 'wait');
      if (completed === undefined) throw new DartwingError('JOB_LEASE_LOST', { id });
      if (completed.has_children)
        parts.doorbell.ringAfter(scope.tx, await releaseChildren(scope.tx, [completed]));
      scope.tx.afterCommit(() => {
        state.isDone = true;
      });
    },
  } satisfies JobContext);
}

/** Of whoever submitted it. */
function requestIdOf({ job, id }: Running): string {
  return job.request_id ?? id;
}

async function requireHold(scope: Scope, { job, worker, id }: Running): Promise<void> {
  const { held, dissolved } = await holdJob(scope.tx, worker, job);
  if (!held) throw new DartwingError('JOB_LEASE_LOST', { id });
  if (dissolved) throw new DartwingError('ORGANIZATION_NOT_FOUND', { ref: job.organization, suggestion: '' });
}

/** @throws VALIDATION_ERROR when the output is no JSON or too large */
function outputText(output: unknown): string | null {
  if (output === undefined || output === null) return null;
  let text: string | undefined;
  try {
    text = JSON.stringify(output, (_key, value) => (typeof value === 'bigint' ? value.toString() : value));
  } catch (error) {
    throw new DartwingError('VALIDATION_ERROR', { message: 'The output of a job is JSON' }, { cause: error });
  }
  if (text === undefined) return null;
  if (Buffer.byteLength(text) > limits.jobOutputBytesMax || text.includes('\\u0000')) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: `The output of a job has at most ${limits.jobOutputBytesMax} bytes, all of which can be stored`,
    });
  }
  return text;
}

/** @param startedAt monotonic milliseconds */
export function runningOf(job: ClaimedJob, worker: string, startedAt: number): Running {
  return {
    job,
    id: jobId(job),
    trace: traceOf(job.traceparent ?? undefined, job.request_id ?? undefined),
    worker,
    stopped: undefined,
    reason: undefined,
    controller: undefined,
    giveUp: undefined,
    startedAt,
    progress: undefined,
    reported: false,
  };
}
