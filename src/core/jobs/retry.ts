/** What a failed attempt means and when the next one is (requirements §12.5, decision 21). Pure. */
import { isDartwingError } from '../errors.js';
import { limits } from '../limits.js';

export type ErrorClass = 'transient' | 'permanent' | 'canceled' | 'timeout';

/** An error as a job keeps it. */
export interface JobFailure {
  code: string;
  class: ErrorClass;
  message: string;
  /** First line of the stack within the handler, to tell one fault from another. */
  at?: string;
}

/** Thrown by a handler: trying again is of no use. */
export class PermanentJobError extends Error {
  override readonly name = 'PermanentJobError';
}

const permanentKinds = ['invalid', 'unauthenticated', 'forbidden', 'not_found', 'precondition', 'conflict'];
const permanentStatuses = [400, 401, 403, 404, 405, 409, 410, 413, 415, 422];

/**
 * Class of what a handler threw. Refusals (validation, permission, not found, authentication) are permanent; connection
 * failures, time-outs, 429 and 5xx are transient, and so is whatever is unknown.
 */
export function classify(thrown: unknown): 'transient' | 'permanent' {
  if (isDartwingError(thrown)) return permanentKinds.includes(thrown.kind) ? 'permanent' : 'transient';
  if (typeof thrown !== 'object' || thrown === null) return 'transient';
  const { name, status, statusCode, permanent } = thrown as Record<string, unknown>;
  if (name === 'PermanentJobError' || permanent === true || name === 'ZodError') return 'permanent';
  const code = typeof status === 'number' ? status : statusCode;
  return typeof code === 'number' && permanentStatuses.includes(code) ? 'permanent' : 'transient';
}

/** What is kept of anything thrown; a handler may throw undefined or a megabyte. */
export function failureOf(thrown: unknown, kind: ErrorClass = classify(thrown)): JobFailure {
  const { name, code, stack } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Record<
    string,
    unknown
  >;
  const named =
    typeof code === 'string' && code !== '' ? code : typeof name === 'string' && name !== '' ? name : 'ERROR';
  const at = typeof stack === 'string' ? /\n\s+at ([^\n]{1,200})/.exec(stack)?.[1] : undefined;
  return {
    code: clean(named, 80),
    class: kind,
    message: clean(thrown instanceof Error ? thrown.message : textOf(thrown), limits.jobErrorCharsMax),
    ...(at === undefined ? {} : { at: clean(at, 200) }),
  };
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'something that has no text was thrown';
  }
}

/** Text that the database can keep. */
function clean(text: string, charsMax: number): string {
  return text.slice(0, charsMax).replaceAll('\u0000', '').toWellFormed();
}

/**
 * Milliseconds until the next attempt, with 20 % of jitter to either side.
 * @param attempt how many attempts there were, from 1
 * @param delaysMs of the queue or the type; the last one holds for all that follow
 * @param random uniform in [0, 1)
 */
export function retryDelayMs(attempt: number, delaysMs: readonly number[], random: number): number {
  const delay = delaysMs[Math.min(attempt, delaysMs.length) - 1] ?? 60_000;
  return Math.round(delay * (0.8 + 0.4 * random));
}
