/** Claims from lines of organizations with limits: on what runs at once, on how many start in a minute. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import {
  type ClaimedJob,
  claimJobs,
  claimWithin,
  findUse,
  lockLines,
  type Picks,
  spendRates,
} from './claim-queries.js';
import type { Pick } from './fair.js';

/** More than can run. */
const uncapped = 1_000_000;

/** A pick and what bounds it; null is unlimited. */
export interface BoundedPick {
  pick: Pick;
  runningMax: number | null;
  perMinute: number | null;
}

/** How many of a pick it was allowed to take, and when more may be. Fewer were taken where the line had no more. */
export interface Share {
  count: number;
  waitMs: number;
}

export interface LimitedClaim {
  claimed: ClaimedJob[];
  /** In the order of the picks. */
  shares: Share[];
}

/**
 * From lines with limits on what runs: locks, counts and takes in one flight, which ends the transaction. Each is a statement
 * of its own, so each sees what was committed before the locks were taken.
 */
export async function claimWithinLimits(
  tx: Tx,
  queue: string,
  worker: string,
  bounded: readonly BoundedPick[],
): Promise<LimitedClaim> {
  const picks = bounded.map(({ pick }) => pick);
  const organizations = picks.map(({ organization }) => organization);
  const caps = bounded.map(({ runningMax }) => runningMax ?? uncapped);
  const [locked, use, claimed] = await Promise.all([
    lockLines(tx, queue, organizations),
    findUse(tx, queue, organizations),
    claimWithin(tx, queue, worker, picksOf(picks), caps),
  ]);
  const shares = picks.map(({ organization, count }, index): Share => {
    if (!locked[index]) return { count: 0, waitMs: limits.jobLockedMs };
    const got = claimed.filter((job) => job.organization === organization).length;
    // Others may have ended jobs between the count and the claim, so it may have got more.
    const room = Math.max(got, Math.min(count, caps[index]! - use[index]!.running), 0);
    return { count: room, waitMs: limits.jobParkMs };
  });
  return { claimed, shares };
}

/** The same where some have rates as well: what may be taken has to be known before. */
export async function claimAtRates(
  tx: Tx,
  queue: string,
  worker: string,
  bounded: readonly BoundedPick[],
): Promise<LimitedClaim> {
  const organizations = bounded.map(({ pick }) => pick.organization);
  const [locked, use] = await Promise.all([
    lockLines(tx, queue, organizations),
    findUse(tx, queue, organizations),
  ]);
  const shares = bounded.map(({ pick, runningMax, perMinute }, index): Share => {
    if (!locked[index]) return { count: 0, waitMs: limits.jobLockedMs };
    const { running, wait_ms: waitMs } = use[index]!;
    if (perMinute !== null && waitMs > 0) return { count: 0, waitMs };
    const most = perMinute === null ? pick.count : 1;
    const room = runningMax === null ? most : Math.min(most, runningMax - running);
    return { count: Math.max(0, room), waitMs: limits.jobParkMs };
  });
  const allowed = bounded.flatMap(({ pick }, index) => {
    const { count } = shares[index]!;
    return count === 0 ? [] : [{ ...pick, count }];
  });
  if (allowed.length === 0) return { claimed: [], shares };
  const claimed = await claimJobs(tx, queue, worker, picksOf(allowed), true);
  const rates = new Map(bounded.map(({ pick, perMinute }) => [pick.organization, perMinute]));
  const spent = claimed.flatMap(({ organization }) => {
    const rate = rates.get(organization) ?? null;
    return rate === null ? [] : [{ organization, ms: 60_000 / rate }];
  });
  if (spent.length > 0) await spendRates(tx, queue, spent);
  return { claimed, shares };
}

export function picksOf(picks: readonly Pick[]): Picks {
  return {
    organizations: picks.map(({ organization }) => organization),
    priorities: picks.map(({ priority }) => priority),
    wanted: picks.map(({ count }) => count),
    marks: picks.map(({ mark }) => mark),
  };
}
