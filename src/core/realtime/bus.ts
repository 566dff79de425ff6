/** How batches reach every node, the one that relays them included. */
import type { Tx } from '../db/index.js';
import type { Batch } from './envelope.js';

export interface Bus {
  readonly kind: 'memory' | 'postgres' | 'redis';
  /** Sends a batch, in the transaction that took it: it is sent when that commits, or at least then. */
  publish(tx: Tx, batch: Batch): Promise<void>;
  /** Hears batches until closed. `onGap`: something may have been missed. */
  listen(ears: { onBatch: (batch: Batch) => void; onGap: () => void }): Promise<void>;
  /** Whether it works as it should; a bus that goes a detour is degraded. */
  state(): 'ok' | 'degraded';
  close(): Promise<void>;
}

/** For one process that serves all sockets. */
export function memoryBus(): Bus {
  let hear: ((batch: Batch) => void) | undefined;
  return {
    kind: 'memory',
    publish: async (tx, batch) => tx.afterCommit(() => hear?.(batch)),
    listen: async ({ onBatch }) => {
      hear = onBatch;
    },
    state: () => 'ok',
    close: async () => {
      hear = undefined;
    },
  };
}
