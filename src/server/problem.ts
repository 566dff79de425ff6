/** Errors as HTTP says them: the kind gives the status, and what is nobody's business outside stays inside. */
import {
  asDartwingError,
  type DartwingError,
  type ErrorCode,
  errorKinds,
  type FieldError,
  httpStatus,
  isOfInstallation,
} from '../core/errors.js';
import { challengeOf } from '../core/identity/index.js';

export interface ToldError {
  code: ErrorCode;
  message: string;
  why?: string;
  /** For command lines that call from afar. */
  fix?: readonly string[];
  details: ({ field: string; message: string } | FieldError)[];
  retry_after_ms?: number;
}

/** The body of every refusal (requirements §2.2). */
export interface Problem {
  error: ToldError;
  request_id: string;
}

export interface ProblemOptions {
  /** 417 for those who are used to Frappe (requirements §2.3); 400 otherwise. */
  invalidStatus: 400 | 417;
  /** Tell what to do next as well, and the places of mistakes in full. */
  tellsFix?: boolean | undefined;
}

/** Status, headers and body of anything that was thrown. */
export function problemOf(thrown: unknown, requestId: string, { invalidStatus, tellsFix }: ProblemOptions) {
  const error = asDartwingError(thrown);
  const headers: Record<string, string> = { 'cache-control': 'no-store' };
  if (error.kind === 'unauthenticated' && !isInternal(error))
    headers['www-authenticate'] = challengeOf(error);
  if (error.retryAfterMs !== undefined)
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  if (error.code === 'METHOD_NOT_ALLOWED') headers.allow = String(error.params.allowed);
  return {
    error,
    status: statusOf(error, invalidStatus),
    headers,
    body: { error: tellsFix === true ? toldOf(error) : publicWords(error), request_id: requestId },
  };
}

function isInternal({ code, kind }: DartwingError): boolean {
  return kind === 'internal' || isOfInstallation(code);
}

function statusOf({ code, kind }: DartwingError, invalidStatus: number): number {
  const status = httpStatus(code);
  if (status === errorKinds.invalid.http) return invalidStatus;
  // Who has gone away does not read it, and proxies know no 499.
  return kind === 'canceled' ? errorKinds.unavailable.http : status;
}

/** What anybody may be told of an error. */
function publicWords(error: DartwingError): ToldError {
  if (isInternal(error)) {
    const message =
      error.kind === 'internal' ? 'Something went wrong here' : 'The service is not available now';
    return { code: error.code, message, details: [] };
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.why === undefined ? {} : { why: error.why }),
    details: error.fields.map(({ path, message }) => ({ field: path, message })),
  };
}

/** The same for a command line far away, which shows errors as it would those of its own process. */
export function toldOf(thrown: unknown): ToldError {
  const error = asDartwingError(thrown);
  const words = publicWords(error);
  if (isInternal(error)) return words;
  const { fix, fields, retryAfterMs } = error;
  return {
    ...words,
    fix,
    details: [...fields],
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
  };
}
