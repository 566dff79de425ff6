import fc from 'fast-check';
import { expect, test } from 'vitest';
import { afterFailure, type Failures } from '../../src/core/identity/index.js';

const start = new Date('2026-11-23T00:00:00Z');
const minuteMs = 60_000;
const waitOf = ({ waitUntil, lastFailureAt }: Failures) =>
  waitUntil === null ? 0 : waitUntil.getTime() - lastFailureAt.getTime();

/** The state after failures with these pauses between them. */
function after(pausesMs: readonly number[], kind: 'account' | 'key' | 'address' = 'account'): Failures {
  let at = start.getTime();
  let state = afterFailure(kind, undefined, start);
  for (const pauseMs of pausesMs) {
    at += pauseMs;
    state = afterFailure(kind, state, new Date(at));
  }
  return state;
}

const pause = fc.integer({ min: 1_000, max: 43_199_999 });

test('grows by a minute from the fifth failure on and stops at fifteen', () => {
  const waits = Array.from({ length: 25 }, (_, n) => waitOf(after(Array(n).fill(minuteMs))) / minuteMs);
  expect(waits).toEqual([
    0,
    0,
    0,
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    ...Array(6).fill(15),
  ]);
});

test('never shrinks, and never passes fifteen minutes', () => {
  fc.assert(
    fc.property(fc.array(pause, { maxLength: 40 }), pause, (pauses, next) => {
      const before = waitOf(after(pauses));
      const now = waitOf(after([...pauses, next]));
      expect(now).toBeGreaterThanOrEqual(before);
      expect(now).toBeLessThanOrEqual(15 * minuteMs);
    }),
  );
});

test('four slow failures cost nothing, two within a second cost a minute', () => {
  fc.assert(
    fc.property(fc.array(pause, { maxLength: 3 }), fc.integer({ min: 0, max: 999 }), (slow, quick) => {
      expect(waitOf(after(slow))).toBe(0);
      expect(waitOf(after([...slow, quick]))).toBe(minuteMs);
    }),
  );
});

test('twelve quiet hours forget everything', () => {
  fc.assert(
    fc.property(
      fc.array(pause, { maxLength: 40 }),
      fc.integer({ min: 43_200_000, max: 1e12 }),
      (pauses, quiet) => {
        expect(after([...pauses, quiet])).toMatchObject({ failures: 1, waitUntil: null });
      },
    ),
  );
});

test('an address is given fifty failures, however fast', () => {
  expect(waitOf(after(Array(48).fill(0), 'address'))).toBe(0);
  expect(waitOf(after(Array(49).fill(0), 'address'))).toBe(minuteMs);
});
