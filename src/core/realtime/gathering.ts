/** Events of this process that no transaction waits for, such as those of jobs: gathered, written together, never queued without end. */
import type { Tx } from '../db/index.js';
import { bounds } from './bounds.js';
import { insertHeard, isAnybodyThere, type WaitingEvent } from './queries.js';

export interface Gathering {
  /** Asks for the event unless there was no server a moment ago to send it. */
  add(make: () => WaitingEvent): void;
  /** How many were given up because too many came at once, or because the database was gone. */
  readonly dropped: number;
  close(): Promise<void>;
}

export function openGathering(
  transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  onWritten: () => void,
  onFailure: (error: unknown) => void,
  monotonicMs: () => number,
): Gathering {
  let waiting: WaitingEvent[] = [];
  let dropped = 0;
  let sending: Promise<void> | undefined;
  let deafUntil = 0;

  const send = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, bounds.gatherMs));
    while (waiting.length > 0) {
      const now = waiting;
      waiting = [];
      try {
        // A worker at full speed would spend a third of its time on events that nobody hears.
        if (now.length > bounds.gatheredUnasked && !(await transaction(isAnybodyThere))) {
          deafUntil = monotonicMs() + bounds.deafMs;
          continue;
        }
        await transaction((tx) => insertHeard(tx, now));
        onWritten();
      } catch (error) {
        dropped += now.length;
        onFailure(error);
      }
    }
    sending = undefined;
  };

  return {
    add: (make) => {
      if (deafUntil > monotonicMs()) return;
      if (waiting.length >= bounds.gatheredMax) {
        dropped += 1;
        return;
      }
      waiting.push(make());
      sending ??= send();
    },
    get dropped() {
      return dropped;
    },
    close: async () => sending,
  };
}
