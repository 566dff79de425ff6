/** Pauses between attempts. */
import { bounds } from './bounds.js';

/**
 * Milliseconds before the next attempt: doubled with each failure, with jitter of one half so that clients that lost
 * the same server do not come back together, and never before the server asked for.
 * @param failures so far, at least 1
 * @param random from 0 to 1
 */
export function pauseMs(failures: number, random: number, retryAfterMs = 0): number {
  const full = Math.min(bounds.backoffMsMin * 2 ** (failures - 1), bounds.backoffMsMax);
  return Math.max(full * (0.5 + random / 2), Math.min(retryAfterMs, bounds.retryAfterMsMax));
}
