import { setTimeout } from 'node:timers/promises';

/** How waits grow. `unref` lets the process end in the middle of a wait. */
interface Pace {
  firstMs?: number;
  longestMs?: number;
  unref?: boolean;
}

/**
 * Yields at once and then after waits that grow, until their sum passes `totalMs`. The sum is of the waits, not of
 * the clock, so that a busy machine gets as many looks as an idle one.
 */
export async function* pauses(totalMs: number, pace: Pace = {}): AsyncGenerator<number> {
  const { firstMs = 2, longestMs = 50, unref = false } = pace;
  let stepMs = firstMs;
  for (let waitedMs = 0; waitedMs <= totalMs; ) {
    yield waitedMs;
    // Uneven, so that processes that began together do not stay in step.
    const pauseMs = stepMs * (0.5 + Math.random());
    await setTimeout(pauseMs, undefined, { ref: !unref });
    waitedMs += pauseMs;
    stepMs = Math.min(stepMs * 1.5, longestMs);
  }
}
