/** When a login account that could not be made is tried again, and when not. Pure. */
import { isDartwingError } from '../errors.js';
import { limits } from '../limits.js';

const firstDelayMs = 2_000;

/**
 * Milliseconds to wait before a retry: 2, 4, 8, 16, 32 s.
 * @param retry its number, from 1
 * @returns undefined when there are no more retries
 */
export function retryDelayMs(retry: number): number | undefined {
  if (retry > limits.provisioningRetriesMax) return undefined;
  return Math.min(firstDelayMs * 2 ** (retry - 1), limits.provisioningDelayMsMax);
}

const passingCodes = /^(ECONN|ETIMEDOUT|EAI_AGAIN|EPIPE|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|UND_ERR_)/;
const passingStatuses = [500, 503, 504];
const passingKinds = ['unavailable', 'timeout', 'limited'];

/**
 * Whether the same call may succeed later: connection failures, time-outs, and the answers 500, 503 and 504. Refusals
 * (authentication, validation, duplicates) and whatever is unknown are not tried again.
 */
export function isPassing(error: unknown): boolean {
  if (isDartwingError(error)) return passingKinds.includes(error.kind);
  if (!(error instanceof Error)) return false;
  const { name, cause, code, status } = error as Error & { code?: unknown; status?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return true;
  if (typeof code === 'string' && passingCodes.test(code)) return true;
  if (typeof status === 'number') return passingStatuses.includes(status);
  return cause === undefined ? false : isPassing(cause);
}
