/** What a worker does from time to time beside its jobs. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import type { QueueName } from './definition.js';
import { type JobDoorbell, readyRings } from './doorbell.js';
import { promoteDue } from './engine-queries.js';
import type { LineSettings } from './queue-line.js';
import { listLimits, listQueues } from './settings-queries.js';

type Transaction = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;

/**
 * What may be taken of each queue now.
 * @param concurrency slots of each queue; without it what the queue says
 */
export async function readLineSettings(
  transaction: Transaction,
  wanted: readonly QueueName[],
  concurrency: number | undefined,
): Promise<Map<QueueName, LineSettings>> {
  return transaction(async (tx) => {
    const rows = (await listQueues(tx)).filter((row) => wanted.includes(row.name));
    const own = await listLimits(tx, wanted);
    return new Map(
      rows.map((row) => {
        const ofQueue = own.filter(({ queue }) => queue === row.name);
        const settings: LineSettings = {
          slots: concurrency ?? row.concurrency,
          isPaused: row.is_paused,
          perMinute: row.per_minute,
          limits: new Map(ofQueue.map((limit) => [limit.organization, limit])),
        };
        return [row.name, settings];
      }),
    );
  });
}

/** Lets jobs whose time has come join their lines, and tells of them. */
export async function promoteAll(transaction: Transaction, doorbell: JobDoorbell): Promise<void> {
  for (;;) {
    const rows = await transaction((tx) => promoteDue(tx, limits.jobPromoteMax));
    if (rows.length > 0) doorbell.tell(readyRings(rows));
    if (rows.length < limits.jobPromoteMax) return;
  }
}

/** Repeats work, and leaves out a time at which the one before has not ended, so that it never overtakes itself. */
export function repeat(
  ms: number,
  work: () => Promise<void>,
  onFailure: (error: unknown) => void,
): NodeJS.Timeout {
  let busy = false;
  return setInterval(() => {
    if (busy) return;
    busy = true;
    void work()
      .catch(onFailure)
      .finally(() => {
        busy = false;
      });
  }, ms);
}
