/** What a server refused, as the error that the same verb would throw here. */
import { DartwingError, type ErrorCode, errorCatalogue, type FieldError } from '../errors.js';

/** An error as a server tells it. `fix` and the places of mistakes come with calls of our own only. */
export interface Told {
  code: string;
  message: string;
  why?: string | undefined;
  fix?: readonly string[] | undefined;
  details?: readonly FieldError[] | undefined;
  retry_after_ms?: number | undefined;
}

/** The error of a refusal, with the server's own words. A code of a newer server becomes the one of its status. */
export function refusalOf(response: Pick<Response, 'status' | 'headers'>, text: string): DartwingError {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const told = problemIn(text) ?? {
    code: byStatus(response.status),
    message: `The server answered ${response.status} without saying why`,
  };
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined;
  return errorOf({ retry_after_ms: retryAfterMs, ...told }, response.status);
}

/** @param status of the answer that it came with; it gives the kind of a code that is unknown here */
export function errorOf(told: Told, status = 500): DartwingError {
  const code = Object.hasOwn(errorCatalogue, told.code) ? (told.code as ErrorCode) : byStatus(status);
  const { why, fix = [], details = [], retry_after_ms: retryAfterMs } = told;
  const error = new DartwingError(
    code,
    { status },
    {
      fix,
      fields: details,
      why: why ?? '',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  );
  error.message = told.message;
  return error;
}

/** Undefined for what is no error of ours. */
export function toldIn(value: unknown): Told | undefined {
  const {
    code,
    message,
    why,
    fix,
    details,
    retry_after_ms: retry,
  } = (value ?? {}) as Record<string, unknown>;
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  return {
    code,
    message,
    ...(typeof why === 'string' ? { why } : {}),
    ...(Array.isArray(fix) ? { fix: fix.map(String) } : {}),
    ...(Array.isArray(details) ? { details: details.flatMap(fieldIn) } : {}),
    ...(typeof retry === 'number' ? { retry_after_ms: retry } : {}),
  };
}

function fieldIn(given: unknown): FieldError[] {
  const { field, path = field, message, ...place } = (given ?? {}) as Record<string, unknown>;
  return typeof path === 'string' && typeof message === 'string' ? [{ ...place, path, message }] : [];
}

function problemIn(text: string): Told | undefined {
  try {
    return toldIn((JSON.parse(text) as { error?: unknown } | null)?.error);
  } catch {
    return undefined;
  }
}

function byStatus(status: number): ErrorCode {
  if (status === 401) return 'UNAUTHENTICATED';
  if (status === 403) return 'PERMISSION_DENIED';
  if (status === 404) return 'RECORD_NOT_FOUND';
  if (status === 429) return 'RATE_LIMITED';
  return status >= 500 ? 'SERVER_FAULT' : 'VALIDATION_ERROR';
}
