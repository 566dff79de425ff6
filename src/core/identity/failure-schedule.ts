/** How long to wait after failed sign-ins: the brute-force figures of the realm (requirements §7.3). Pure. */
import { limits } from '../limits.js';

export interface Failures {
  failures: number;
  lastFailureAt: Date;
  /** Until then nothing is tried; null when there is no wait. */
  waitUntil: Date | null;
}

/** Accounts and keys follow the realm's figures; an address may belong to a whole office. */
export type FailureKind = 'account' | 'key' | 'address';

/**
 * The state after one more failure. From the fifth one on each costs a minute more than the last, at most fifteen.
 * Two within a second cost a minute at once. Twelve quiet hours forget everything.
 * @param lockMs what a compliance policy asks for: the fifth failure and each one after it costs at least that much
 */
export function afterFailure(
  kind: FailureKind,
  before: Failures | undefined,
  now: Date,
  lockMs = 0,
): Failures {
  const quietMs =
    before === undefined ? Number.POSITIVE_INFINITY : now.getTime() - before.lastFailureAt.getTime();
  const failures = quietMs >= limits.signInMemoryMs ? 1 : (before?.failures ?? 0) + 1;
  const countedMs = countedWaitMs(kind, failures);
  const waitMs = Math.max(countedMs, countedMs === 0 ? 0 : lockMs, quickWaitMs(kind, quietMs));
  return { failures, lastFailureAt: now, waitUntil: waitMs === 0 ? null : new Date(now.getTime() + waitMs) };
}

function countedWaitMs(kind: FailureKind, failures: number): number {
  const free = kind === 'address' ? limits.addressFailuresMax : limits.signInFailuresMax;
  if (failures < free) return 0;
  return Math.min((failures - free + 1) * limits.signInWaitMs, limits.signInWaitMsMax);
}

function quickWaitMs(kind: FailureKind, quietMs: number): number {
  return kind !== 'address' && quietMs < limits.signInQuickMs ? limits.signInWaitMs : 0;
}
