/**
 * The line in front of counters. One statement at a time counts all the calls that wait for the same counters, so a tenant
 * that calls a lot holds one row for a moment and not a connection for each call. While much of an allowance is left, it
 * counts some calls ahead as well: as many as came lately, and at most one in a hundred of those left. They are let in
 * without the database for a moment, and what is not used of them by then stays counted.
 */
import type { Clock } from '../clock.js';
import { limits } from '../limits.js';
import type { Demand } from './queries.js';
import { type Counted, remainingCalls } from './window.js';

/** What the counters say to one call, and at which monotonic time they said so. */
export interface Standing {
  counted: readonly Counted[];
  ageMs: number;
}

/** Puts a number of calls to every counter, all of them or none. */
export type Count = (demands: readonly Demand[], calls: number) => Promise<Counted[]>;

interface Waiting {
  resolve(standing: Standing): void;
  reject(error: unknown): void;
}

/** Calls that go to the same counters. */
interface Line {
  waiting: Waiting[];
  isServed: boolean;
  /** The last answer of the counters, which has all calls in it that were taken ahead. */
  counted: readonly Counted[];
  at: number;
  /** Calls that were taken ahead and have not come yet. */
  ahead: number;
  /** Calls since the answer. */
  came: number;
}

export function openLines(count: Count, clock: Clock): (demands: readonly Demand[]) => Promise<Standing> {
  const lines = new Map<string, Line>();

  const lineOf = (key: string): Line => {
    let line = lines.get(key);
    if (line !== undefined) return line;
    if (lines.size >= limits.rateLinesMax) forgetIdle(lines);
    line = { waiting: [], isServed: false, counted: [], at: Number.NEGATIVE_INFINITY, ahead: 0, came: 0 };
    lines.set(key, line);
    return line;
  };

  const serve = async (demands: readonly Demand[], line: Line): Promise<void> => {
    line.isServed = true;
    // Who comes in the same turn of the event loop is counted with the first.
    await Promise.resolve();
    let most = Number.POSITIVE_INFINITY;
    while (line.waiting.length > 0) {
      const served = line.waiting.slice(0, most);
      const ahead = most === Number.POSITIVE_INFINITY ? worthTaking(line, clock.monotonicMs()) : 0;
      const at = clock.monotonicMs();
      try {
        const counted = await count(demands, served.length + ahead);
        const isRefused = counted.some(({ refused }) => refused);
        if (isRefused && served.length + ahead > 1) {
          // Some of them may fit.
          most = Math.max(1, Math.floor(served.length / 2));
          continue;
        }
        Object.assign(line, { counted, at, ahead, came: served.length });
        // One that is refused alone speaks for all who wait.
        const answered = line.waiting.splice(0, isRefused ? line.waiting.length : served.length);
        for (const [index, { resolve }] of answered.entries()) {
          const behind = isRefused ? 0 : served.length - 1 - index + ahead;
          resolve({ counted: without(counted, behind), ageMs: 0 });
        }
      } catch (error) {
        for (const { reject } of line.waiting.splice(0, served.length)) reject(error);
      }
    }
    line.isServed = false;
  };

  return (demands) => {
    const line = lineOf(
      demands.map(({ hash, seconds, calls }) => `${hash.toString('latin1')} ${seconds} ${calls}`).join(),
    );
    const ageMs = clock.monotonicMs() - line.at;
    if (line.ahead > 0 && ageMs < limits.rateAheadMs) {
      line.ahead--;
      line.came++;
      return Promise.resolve({ counted: without(line.counted, line.ahead), ageMs });
    }
    return new Promise((resolve, reject) => {
      line.waiting.push({ resolve, reject });
      if (!line.isServed) void serve(demands, line);
    });
  };
}

/** How many calls are worth counting before they come. */
function worthTaking({ counted, at, came, waiting }: Line, now: number): number {
  const ageMs = now - at;
  if (ageMs >= limits.rateAheadMs) return 0;
  const expected = (came * limits.rateAheadMs) / Math.max(1, ageMs);
  const left = Math.min(...counted.map(remainingCalls)) - waiting.length;
  return Math.max(0, Math.floor(Math.min(expected, left * limits.rateAheadShare, limits.rateAheadMax)));
}

/** Counters as they stand without calls that have not come yet. */
function without(counted: readonly Counted[], calls: number): readonly Counted[] {
  return calls === 0 ? counted : counted.map((each) => ({ ...each, calls: each.calls - calls }));
}

function forgetIdle(lines: Map<string, Line>): void {
  for (const [key, { isServed }] of lines) if (!isServed) lines.delete(key);
}
