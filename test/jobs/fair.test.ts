import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/core/jobs/fair.js';

/** A worker in miniature: `slots` slots, jobs of given lengths, endless or counted lines. */
function simulate(options: {
  slots: number;
  reserve?: number;
  /** Length of a job and how many there are, by organization. */
  lines: Record<string, { ms: number; jobs: number; weight?: number; from?: number }>;
  untilMs: number;
}) {
  const fair = new FairQueue();
  const left = new Map(Object.entries(options.lines).map(([name, { jobs }]) => [name, jobs]));
  const starts: { organization: string; at: number }[] = [];
  const used = new Map<string, number>();
  const running: { organization: string; endsAt: number; ms: number }[] = [];
  const asleep = new Set(Object.keys(options.lines));
  const reserve = options.reserve ?? 0;
  let turn = 0;
  for (let now = 0; now < options.untilMs; ) {
    for (const name of asleep) {
      if ((options.lines[name]!.from ?? 0) > now) continue;
      asleep.delete(name);
      fair.wake(name, 2, ++turn);
    }
    // Asked until nothing is left to take: a line that proves empty leaves its place to another.
    for (;;) {
      const picks = fair.pick(options.slots - running.length, options.slots - reserve, 50, now);
      if (picks.length === 0) break;
      for (const pick of picks) {
        const line = options.lines[pick.organization]!;
        const count = Math.min(pick.count, left.get(pick.organization)!);
        left.set(pick.organization, left.get(pick.organization)! - count);
        turn += count;
        fair.taken(pick, count, turn, line.weight ?? 1);
        for (let n = 0; n < count; n++) {
          fair.began(pick.start + n * pick.step);
          running.push({ organization: pick.organization, endsAt: now + line.ms, ms: line.ms });
          starts.push({ organization: pick.organization, at: now });
        }
      }
    }
    const wakes = [...asleep].map((name) => options.lines[name]!.from!);
    const next = Math.min(...running.map(({ endsAt }) => endsAt), ...wakes);
    if (!Number.isFinite(next)) break;
    now = Math.max(now, next);
    for (const job of running.filter(({ endsAt }) => endsAt <= now)) {
      running.splice(running.indexOf(job), 1);
      fair.finished(job.organization, job.ms);
      used.set(job.organization, (used.get(job.organization) ?? 0) + job.ms);
    }
  }
  return { starts, used };
}

function jain(values: readonly number[]): number {
  const sum = values.reduce((a, b) => a + b, 0);
  return sum ** 2 / (values.length * values.reduce((a, b) => a + b ** 2, 0));
}

describe('fair queueing', () => {
  it('gives a thousand organizations of equal demand equal shares (Jain ≥ 0.99)', () => {
    const lines = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, n) => [`o${n}`, { ms: 5, jobs: 1_000 }]),
    );
    const { used } = simulate({ slots: 10, lines, untilMs: 10_000 });
    expect(used.size).toBe(1_000);
    expect(jain([...used.values()])).toBeGreaterThan(0.99);
  });

  it('divides by weight within 5 %', () => {
    const lines = {
      free: { ms: 5, jobs: 1e6, weight: 1 },
      pro: { ms: 5, jobs: 1e6, weight: 2 },
      enterprise: { ms: 5, jobs: 1e6, weight: 4 },
    };
    const { used } = simulate({ slots: 7, lines, untilMs: 20_000 });
    const unit = used.get('free')!;
    expect(used.get('pro')! / unit).toBeGreaterThan(1.9);
    expect(used.get('pro')! / unit).toBeLessThan(2.1);
    expect(used.get('enterprise')! / unit).toBeGreaterThan(3.8);
    expect(used.get('enterprise')! / unit).toBeLessThan(4.2);
  });

  it('charges slot time: few long jobs get no more of the worker than many short ones', () => {
    const lines = { long: { ms: 40, jobs: 1e6 }, short: { ms: 1, jobs: 1e6 } };
    const { used } = simulate({ slots: 4, lines, untilMs: 20_000 });
    expect(used.get('long')! / used.get('short')!).toBeGreaterThan(0.9);
    expect(used.get('long')! / used.get('short')!).toBeLessThan(1.1);
  });

  it('serves a new organization among ten thousand with backlogs at once', () => {
    const lines = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, n) => [`o${n}`, { ms: 5, jobs: 100 }] as [string, object]),
    ) as Record<string, { ms: number; jobs: number; from?: number }>;
    lines.new = { ms: 5, jobs: 1, from: 500 };
    const { starts } = simulate({ slots: 10, lines, untilMs: 600 });
    const start = starts.find(({ organization }) => organization === 'new');
    expect(start!.at - 500).toBeLessThanOrEqual(5);
  });

  it('keeps a slot free where one organization has nothing but long jobs', () => {
    const lines = { a: { ms: 1_000, jobs: 100 }, b: { ms: 1, jobs: 1, from: 1_500 } };
    const { starts } = simulate({ slots: 10, reserve: 1, lines, untilMs: 3_000 });
    expect(starts.find(({ organization }) => organization === 'b')!.at).toBe(1_500);
    expect(starts.filter(({ organization, at }) => organization === 'a' && at === 0)).toHaveLength(9);
  });

  it('lets one organization have everything that nobody else wants', () => {
    const { used } = simulate({ slots: 10, reserve: 1, lines: { a: { ms: 5, jobs: 1e6 } }, untilMs: 2_000 });
    expect(used.get('a')! / (10 * 2_000)).toBeGreaterThan(0.95);
  });

  it('rewards nobody for having been idle', () => {
    const lines = { busy: { ms: 5, jobs: 1e6 }, late: { ms: 5, jobs: 1e6, from: 5_000 } };
    const { used } = simulate({ slots: 4, lines, untilMs: 10_000 });
    // Half of the second half.
    expect(used.get('late')! / (4 * 5_000)).toBeLessThan(0.55);
    expect(used.get('late')! / (4 * 5_000)).toBeGreaterThan(0.45);
  });

  it('starts every organization within as many starts as there are organizations and slots', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 }),
        (slots, lengths) => {
          const lines = Object.fromEntries(lengths.map((ms, n) => [`o${n}`, { ms, jobs: 50 }]));
          const { starts } = simulate({ slots, lines, untilMs: 40 * 50 * lengths.length });
          const first = new Set(
            starts.slice(0, lengths.length + slots).map(({ organization }) => organization),
          );
          expect(first.size).toBe(lengths.length);
          // Nothing is lost and nothing is taken twice.
          expect(starts).toHaveLength(50 * lengths.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('forgets no job that joins while a claim is on its way', () => {
    const fair = new FairQueue();
    fair.wake('a', 2, 5);
    const [pick] = fair.pick(3, 9, 50, 0);
    fair.wake('a', 2, 9);
    fair.taken(pick!, 1, 5, 1);
    expect(fair.pick(1, 9, 50, 0)).toMatchObject([{ organization: 'a', count: 1, mark: 5 }]);
    const late = new FairQueue();
    late.wake('a', 2, 5);
    const [other] = late.pick(1, 9, 50, 0);
    // Committed later, but with a smaller turn.
    late.wake('a', 2, 3);
    late.taken(other!, 1, 5, 1);
    expect(late.pick(1, 9, 50, 0)).toMatchObject([{ mark: 2 }]);
  });

  it('takes urgent jobs of an organization first', () => {
    const fair = new FairQueue();
    fair.wake('a', 2, 1);
    fair.wake('a', 0, 2);
    const [pick] = fair.pick(2, 9, 50, 0);
    expect(pick).toMatchObject({ priority: 0 });
    fair.taken(pick!, 1, 2, 1);
    expect(fair.pick(1, 9, 50, 0)).toMatchObject([{ priority: 2 }]);
  });
});

describe('an organization at its limit', () => {
  it('is looked at again at once when one of its jobs ended while the claim was on its way', () => {
    const fair = new FairQueue();
    fair.wake('capped', 2, 1);
    const [first] = fair.pick(1, 1, 50, 0);
    fair.untaken(first!, 25);
    expect(fair.pick(1, 1, 50, 1)).toEqual([]);
    const [second] = fair.pick(1, 1, 50, 25);
    fair.unpark('capped');
    fair.untaken(second!, 50);
    const [third] = fair.pick(1, 1, 50, 26);
    expect(third?.organization).toBe('capped');
    fair.untaken(third!, 51);
    expect(fair.pick(1, 1, 50, 27)).toEqual([]);
  });
});
