/**
 * Time as an argument. Core never reads the system clock by itself: whoever opens dartwing passes a clock,
 * and tests pass one they can move.
 */
export interface Clock {
  /** Current time, UTC. */
  now(): Date;
  /** Milliseconds from a monotonic source, for measuring durations only. */
  monotonicMs(): number;
}

export const systemClock: Clock = Object.freeze({
  now: () => new Date(),
  monotonicMs: () => performance.now(),
});

/** A clock that stands still until it is told to move. */
export function fakeClock(start: string | Date = '2026-11-23T00:00:00.000Z'): Clock & {
  advance(ms: number): void;
  set(at: string | Date): void;
} {
  let at = new Date(start).getTime();
  return {
    now: () => new Date(at),
    monotonicMs: () => at,
    advance: (ms) => {
      at += ms;
    },
    set: (to) => {
      at = new Date(to).getTime();
    },
  };
}
