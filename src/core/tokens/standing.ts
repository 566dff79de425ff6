/** Whether a token can be used, must be renewed, or is of no more use. Pure. */
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { Refusal } from './answer.js';
import type { IntegrationRow } from './queries.js';

export type Standing =
  /** Good for so many milliseconds before somebody has to look again; without end when undefined. */
  | { use: number | undefined }
  /** To be renewed; `usable` until that is done. */
  | { renew: true; usable: boolean }
  | { over: 'not_connected' | 'reauthorize' | 'ended' }
  /** Not to be asked for yet, and of no use meanwhile. */
  | { waitMs: number };

type Facts = Pick<
  IntegrationRow,
  'status' | 'refreshable' | 'expires_at' | 'stale_at' | 'next_attempt_at' | 'now'
>;

/** @param row undefined when nobody ever connected */
export function standingOf(row: Facts | undefined): Standing {
  if (row === undefined || row.status === 'disconnected') return { over: 'not_connected' };
  if (row.status === 'expired') return { over: 'reauthorize' };
  const { now, expires_at: end, stale_at: stale, next_attempt_at: next } = row;
  if (end === null) return { use: undefined };
  const untilEnd = end.getTime() - now.getTime();
  if (!row.refreshable) return untilEnd > 0 ? { use: untilEnd } : { over: 'ended' };
  const untilStale = (stale ?? end).getTime() - now.getTime();
  if (untilStale > 0) return { use: untilStale };
  const pause = next === null ? 0 : next.getTime() - now.getTime();
  if (pause <= 0) return { renew: true, usable: untilEnd > 0 };
  return untilEnd > 0 ? { use: Math.min(pause, untilEnd) } : { waitMs: pause };
}

/** Pause after the n-th failure in a row, with a fifth of jitter either way. */
export function pauseAfter(
  failures: number,
  { retryAfterMs }: Pick<Refusal, 'retryAfterMs'>,
  random: number,
): number {
  const { tokenRetryMsMin, tokenRetryMsMax } = limits;
  const growing = Math.min(tokenRetryMsMin * 2 ** Math.min(failures - 1, 20), tokenRetryMsMax);
  return Math.round(Math.max(retryAfterMs ?? 0, growing * (0.8 + 0.4 * random)));
}

/** What whoever asked is told of a token that cannot be had. */
export function refusalOf(
  standing: Exclude<Standing, { use: number | undefined } | { renew: true }>,
  provider: string,
  account: string,
): DartwingError {
  if ('waitMs' in standing)
    return new DartwingError(
      'INTEGRATION_UNAVAILABLE',
      { provider, reason: 'its last answers were failures' },
      {
        retryAfterMs: standing.waitMs,
      },
    );
  const code =
    standing.over === 'not_connected' ? 'INTEGRATION_NOT_CONNECTED' : 'INTEGRATION_REAUTH_REQUIRED';
  return new DartwingError(code, { provider, account });
}
