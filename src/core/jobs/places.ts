/**
 * What submission has to know of organization, queue and type, remembered for a second, so that most submissions are one
 * statement. Whether the organization may have jobs at all is not remembered: that statement looks itself.
 */
import type { Clock } from '../clock.js';
import { limits } from '../limits.js';
import type { Place } from './submit-queries.js';

export interface Places {
  find(organization: string, queue: string, type: string): Place | undefined;
  remember(organization: string, type: string, place: Place): void;
  /** Something of queues, limits or types was changed in this process. */
  forget(): void;
}

export function rememberedPlaces(clock: Clock): Places {
  const known = new Map<string, { place: Place; at: number }>();
  const keyOf = (organization: string, queue: string, type: string) => `${organization} ${queue} ${type}`;
  return {
    find: (organization, queue, type) => {
      const last = known.get(keyOf(organization, queue, type));
      return last === undefined || clock.monotonicMs() - last.at > limits.jobDepthKnownMs
        ? undefined
        : last.place;
    },
    remember: (organization, type, place) => {
      if (known.size >= limits.jobDepthsMax) known.clear();
      known.set(keyOf(organization, place.queue, type), { place, at: clock.monotonicMs() });
    },
    forget: () => known.clear(),
  };
}
