/** How far organizations are from their limits, remembered for a second, so that most submissions need not count. */
import type { Clock } from '../clock.js';
import { limits } from '../limits.js';

export interface QueueDepths {
  /** Whether `count` more are sure to fit, by what was counted a moment ago and has been added since. */
  isFarFrom(organization: string, queue: string, max: number, count: number): boolean;
  counted(organization: string, queue: string, waiting: number): void;
  added(organization: string, queue: string, count: number): void;
}

/** Other processes add too, so a limit is exceeded by at most what they add within a second, and not beyond a fifth. */
export function queueDepths(clock: Clock): QueueDepths {
  const known = new Map<string, { waiting: number; at: number }>();
  const keyOf = (organization: string, queue: string) => `${queue} ${organization}`;
  return {
    isFarFrom: (organization, queue, max, count) => {
      const last = known.get(keyOf(organization, queue));
      if (last === undefined || clock.monotonicMs() - last.at > limits.jobDepthKnownMs) return false;
      return last.waiting + count < max * 0.8;
    },
    counted: (organization, queue, waiting) => {
      if (known.size >= limits.jobDepthsMax) known.clear();
      known.set(keyOf(organization, queue), { waiting, at: clock.monotonicMs() });
    },
    added: (organization, queue, count) => {
      const last = known.get(keyOf(organization, queue));
      if (last !== undefined) last.waiting += count;
    },
  };
}
