/** Events of this process that no transaction waits for, such as those of jobs: gathered, written together, never queued without end. */
import type { Tx } from '../db/index.js';
import { bounds } from './bounds.js';
import { insertHeard, type WaitingEvent } from './queries.js';

export interface Gathering {
  add(event: WaitingEvent): void;
  /** How many were given up because too many came at once, or because the database was gone. */
  readonly dropped: number;
  close(): Promise<void>;
}

export function openGathering(
  transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  onWritten: () => void,
  onFailure: (error: unknown) => void,
): Gathering {
  let waiting: WaitingEvent[] = [];
  let dropped = 0;
  let sending: Promise<void> | undefined;

  const send = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, bounds.gatherMs));
    while (waiting.length > 0) {
      const now = waiting;
      waiting = [];
      try {
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
    add: (event) => {
      if (waiting.length >= bounds.gatheredMax) {
        dropped += 1;
        return;
      }
      waiting.push(event);
      sending ??= send();
    },
    get dropped() {
      return dropped;
    },
    close: async () => sending,
  };
}
