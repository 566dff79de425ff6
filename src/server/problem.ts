/** Errors as HTTP says them: the kind gives the status, and what is nobody's business outside stays inside. */
import {
  asDartwingError,
  type DartwingError,
  type ErrorCode,
  errorKinds,
  httpStatus,
  isOfInstallation,
} from '../core/errors.js';
import { challengeOf } from '../core/identity/index.js';

/** The body of every refusal (requirements §2.2). */
export interface Problem {
  error: {
    code: ErrorCode;
    message: string;
    why?: string;
    details: { field: string; message: string }[];
  };
  request_id: string;
}

export interface ProblemOptions {
  /** 417 for those who are used to Frappe (requirements §2.3); 400 otherwise. */
  invalidStatus: 400 | 417;
}

/** Status, headers and body of anything that was thrown. */
export function problemOf(thrown: unknown, requestId: string, { invalidStatus }: ProblemOptions) {
  const error = asDartwingError(thrown);
  const headers: Record<string, string> = { 'cache-control': 'no-store' };
  if (error.kind === 'unauthenticated' && !isInternal(error))
    headers['www-authenticate'] = challengeOf(error);
  if (error.retryAfterMs !== undefined)
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  if (error.code === 'METHOD_NOT_ALLOWED') headers.allow = String(error.params.allowed);
  return { error, status: statusOf(error, invalidStatus), headers, body: bodyOf(error, requestId) };
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

function bodyOf(error: DartwingError, requestId: string): Problem {
  if (isInternal(error)) {
    const message =
      error.kind === 'internal' ? 'Something went wrong here' : 'The service is not available now';
    return { error: { code: error.code, message, details: [] }, request_id: requestId };
  }
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.why === undefined ? {} : { why: error.why }),
      details: error.fields.map(({ path, message }) => ({ field: path, message })),
    },
    request_id: requestId,
  };
}
