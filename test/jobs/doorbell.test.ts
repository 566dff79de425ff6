import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { jobDoorbell } from '../../src/core/jobs/doorbell.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Times of the rings that left, in milliseconds since the doorbell was made. */
function openBell() {
  const started = Date.now();
  const rings: number[] = [];
  const asMachinery = async () => {
    rings.push(Date.now() - started);
    return undefined as never;
  };
  return { rings, bell: jobDoorbell({ asMachinery }, () => {}) };
}

const joined = (turn: number) =>
  ({ kind: 'ready', queue: 'critical', organization: 'ORG-2026-00001', priority: 2, turn }) as const;

it('rings at once for a job that comes alone, and ever less often while a stream of them lasts', async () => {
  const { rings, bell } = openBell();
  for (let turn = 1; turn <= 100; turn++) {
    bell.tell([joined(turn)]);
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(rings.length).toBeLessThanOrEqual(8);
  const pauses = rings.slice(1).map((at, n) => at - rings[n]!);
  expect(rings[0]).toBeLessThanOrEqual(1);
  expect(pauses[0]).toBeLessThan(10);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(21);

  await vi.advanceTimersByTimeAsync(100);
  const before = rings.length;
  bell.tell([joined(101)]);
  await vi.advanceTimersByTimeAsync(1);
  expect(rings.length).toBe(before + 1);
});
