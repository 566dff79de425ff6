/** Admits calls or refuses them. */
import { createHash } from 'node:crypto';
import type { Principal } from '../access/index.js';
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import { openLines, type Standing } from './line.js';
import { countCalls, type Demand, forgetCounters, readTier } from './queries.js';
import { type Rate, type Rates, type RouteKind, shippedRates } from './rates.js';
import { type Counted, remainingCalls, secondsToWait } from './window.js';

/** One call that somebody makes. */
export interface Arrival {
  /** Undefined for somebody who is not signed in. */
  principal: Principal | undefined;
  /** Network address; undefined where the host does not tell. */
  address: string | undefined;
  kind: RouteKind;
}

/** What the tightest allowance says; undefined members where nothing limits the caller. */
export interface Allowance {
  allowed: boolean;
  limit: number;
  remaining: number;
  windowSeconds: number;
  /** When its window ends. */
  resetAt: Date;
  /** How long a refused caller waits; 0 for an admitted one. */
  retryAfterMs: number;
}

type Transact = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;

export interface Quota {
  /** Counts a call; undefined when no allowance concerns the caller. @throws DATABASE_* */
  admit(arrival: Arrival): Promise<Allowance | undefined>;
}

export function openQuota(transaction: Transact, clock: Clock, rates: Rates = shippedRates): Quota {
  const stand = openLines((demands, calls) => transaction((tx) => countCalls(tx, demands, calls)), clock);
  const tierOf = rememberTiers(transaction, clock);
  let sweptAt = clock.monotonicMs();

  const demandsOf = async ({ principal, address, kind }: Arrival): Promise<Demand[]> => {
    const demands = address === undefined ? [] : demand('address', address, rates.address);
    if (principal?.key !== undefined) {
      const { organization } = principal.key;
      demands.push(...demand('tier', organization, rates.tier[await tierOf(organization)]));
    } else if (principal !== undefined) {
      demands.push(...demand(kind, `${principal.type} ${principal.id}`, rates.person[kind]));
    }
    return demands;
  };

  return {
    admit: async (arrival) => {
      const demands = await demandsOf(arrival);
      if (demands.length === 0) return undefined;
      const standing = await stand(demands);
      if (clock.monotonicMs() - sweptAt > limits.rateSweepMs) {
        sweptAt = clock.monotonicMs();
        await transaction((tx) => forgetCounters(tx, limits.rateSweptMax));
      }
      return tightest(standing, clock.now());
    },
  };
}

/** Who is counted stands in the table as a hash: it names nobody. */
function demand(kind: string, subject: string, rates: readonly Rate[]): Demand[] {
  const hash = createHash('sha256')
    .update(JSON.stringify([kind, subject]))
    .digest();
  return rates.map(({ seconds, calls }) => ({ hash, seconds, calls }));
}

/** A refusing counter speaks before an admitting one, then the one with the fewest calls left. */
function tightest({ counted, ageMs }: Standing, now: Date): Allowance {
  const aged = counted.map((each) => ({ ...each, elapsed: each.elapsed + ageMs / 1_000 }));
  const [first] = aged.toSorted((a, b) => Number(b.refused) - Number(a.refused) || share(a) - share(b)) as [
    Counted,
  ];
  const { limit, windowSeconds, elapsed, refused } = first;
  const waitSeconds = refused ? Math.max(0, secondsToWait(first)) : 0;
  const endSeconds = refused ? waitSeconds : Math.max(0, windowSeconds - elapsed);
  return {
    allowed: !refused,
    limit,
    remaining: refused ? 0 : remainingCalls(first),
    windowSeconds,
    resetAt: new Date(now.getTime() + endSeconds * 1000),
    retryAfterMs: Math.ceil(waitSeconds * 1000),
  };
}

function share(counted: Counted): number {
  return remainingCalls(counted) / Math.max(1, counted.limit);
}

/** Tiers change seldom; one that was raised counts within seconds. */
function rememberTiers(transaction: Transact, clock: Clock) {
  const known = new Map<string, { tier: keyof Rates['tier']; at: number }>();
  return async (organization: string): Promise<keyof Rates['tier']> => {
    const now = clock.monotonicMs();
    const found = known.get(organization);
    if (found !== undefined && now - found.at < limits.rateTierMs) return found.tier;
    const tier = (await transaction((tx) => readTier(tx, organization))) ?? 'free';
    if (known.size >= limits.rateTiersKnownMax) known.clear();
    known.set(organization, { tier, at: now });
    return tier;
  };
}
