/** A LISTEN that survives lost connections. It only shortens waits: whoever uses it polls as well. */
import { auditBounds } from './bounds.js';
import { makeDoorbell } from './doorbell.js';
import type { OpenListener } from './ports.js';

/** Channel on which writers in other processes wake the sequencer. */
export const stagedChannel = 'dartwing_audit';
/** Channel on which the sequencer tells readers that trails grew. It carries no data: every role may listen. */
export const sequencedChannel = 'dartwing_audit_sequenced';

export interface ListeningOptions {
  readonly open: OpenListener;
  readonly channel: typeof stagedChannel | typeof sequencedChannel;
  /** Called for each notification, and after each new connection because some may have been missed. */
  readonly onNotify: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** Listens until closed, connecting again with growing pauses. */
export function keepListening(options: ListeningOptions): { close(): Promise<void> } {
  const closing = makeDoorbell();
  let closed = false;
  let hangUp = (): void => {};

  /** One connection's life; resolves or throws when it is over. */
  async function session(): Promise<void> {
    const connection = await options.open();
    try {
      const over = new Promise<void>((resolve, reject) => {
        hangUp = resolve;
        connection.on('end', resolve);
        connection.on('error', reject);
      });
      connection.on('notification', options.onNotify);
      await Promise.race([connection.query(`listen ${options.channel}`), over]);
      options.onNotify();
      if (!closed) await over;
    } finally {
      await connection.end().catch(() => {});
    }
  }

  async function run(): Promise<void> {
    let backoffMs: number = auditBounds.listenBackoffMs;
    while (!closed) {
      const connected = await session().then(
        () => true,
        (error: unknown) => {
          if (!closed) options.onFailure(error);
          return false;
        },
      );
      if (connected) backoffMs = auditBounds.listenBackoffMs;
      if (!closed) await closing.wait(backoffMs);
      backoffMs = Math.min(backoffMs * 2, auditBounds.listenBackoffMsMax);
    }
  }

  const running = run();
  return {
    close: async () => {
      closed = true;
      hangUp();
      closing.ring();
      await running;
    },
  };
}
