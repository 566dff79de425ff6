/** Counts the uses of API keys in this process, so that a busy key costs a write a minute and not one a call. */
import type { Clock } from '../clock.js';
import { limits } from '../limits.js';

export interface KeyUse {
  organization: string;
  id: string;
  uses: number;
}

export interface KeyUseCounter {
  /** Counts one use. Returns what is due to be written down, if anything. */
  count(organization: string, id: string): KeyUse | undefined;
  /** Everything that is not written down yet, once. */
  drain(): KeyUse[];
}

export function openKeyUseCounter(clock: Clock): KeyUseCounter {
  const counted = new Map<string, KeyUse & { notedAt: number }>();
  return {
    count: (organization, id) => {
      const now = clock.monotonicMs();
      const key = counted.get(id);
      if (key !== undefined && now - key.notedAt < limits.apiKeyNotedMs) {
        key.uses++;
        return undefined;
      }
      if (key === undefined && counted.size >= limits.apiKeysCountedMax) return { organization, id, uses: 1 };
      counted.set(id, { organization, id, uses: 0, notedAt: now });
      return { organization, id, uses: (key?.uses ?? 0) + 1 };
    },
    drain: () => {
      const due = [...counted.values()].filter(({ uses }) => uses > 0);
      counted.clear();
      return due.map(({ organization, id, uses }) => ({ organization, id, uses }));
    },
  };
}
