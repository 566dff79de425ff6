/** What a server refused, as the error that the same verb would throw here. */
import { DartwingError, type ErrorCode, errorCatalogue } from '../../core/errors.js';

/** The error of a refusal, with the server's own words. A code of a newer server becomes the one of its status. */
export function refusalOf(response: Response, text: string): DartwingError {
  const told = problemIn(text);
  const code =
    told !== undefined && Object.hasOwn(errorCatalogue, told.code) ? told.code : byStatus(response.status);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const error = new DartwingError(
    code as ErrorCode,
    { status: response.status },
    {
      fix: [],
      ...(told?.why === undefined ? {} : { why: told.why }),
      ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {}),
    },
  );
  error.message = told?.message ?? `The server answered ${response.status} without saying why`;
  return error;
}

function problemIn(text: string): { code: string; message: string; why?: string } | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown; why?: unknown } };
    if (typeof error?.code !== 'string' || typeof error.message !== 'string') return undefined;
    const { code, message, why } = error;
    return { code, message, ...(typeof why === 'string' ? { why } : {}) };
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
