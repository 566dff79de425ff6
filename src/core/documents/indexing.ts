/** Building declared indexes in a process that stays: when it starts, and when a module brings a doctype. */
import type { Log } from '../log.js';
import type { IndexRun } from './indexes.js';

export interface Indexing {
  /** Builds what is missing, now or after what runs. Failures are logged; the next start tries again. */
  kick(): void;
  /** Waits for what runs. */
  stop(): Promise<void>;
}

export function openIndexing(build: () => Promise<IndexRun>, log: Log): Indexing {
  let running: Promise<void> | undefined;
  let isWanted = false;
  let isStopped = false;
  const run = async (): Promise<void> => {
    while (isWanted && !isStopped) {
      isWanted = false;
      try {
        const { built, left } = await build();
        if (built.length > 0) log.info({ built }, 'indexes of doctypes are built');
        if (left.length > 0) log.warn({ left }, 'doctypes declare more indexes than there is room for');
      } catch (error) {
        log.warn({ err: error }, 'indexes of doctypes are not built');
      }
    }
    running = undefined;
  };
  return {
    kick: () => {
      if (isStopped) return;
      isWanted = true;
      running ??= run();
    },
    stop: async () => {
      isStopped = true;
      await running;
    },
  };
}
