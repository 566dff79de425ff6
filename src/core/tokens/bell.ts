/**
 * Tells every process that the tokens of an integration changed: it drops what it keeps, and those who waited look
 * again. Rung after COMMIT and in a transaction of its own, as all bells here; who misses it looks by himself a second
 * later.
 */
import { type Database, keepListening, type Listening } from '../db/index.js';
import { limits } from '../limits.js';

const channel = 'dartwing_tokens';

export interface TokenBell {
  ring(integration: string): void;
  /** Called with the id of an integration that changed anywhere; with undefined when any may have. */
  hear(ear: (integration: string | undefined) => void): void;
  /** Begins to listen to other processes, once. */
  listen(): void;
  /** Resolves when the integration changes, or after `ms` at the latest. */
  wait(integration: string, ms: number): Promise<void>;
  close(): Promise<void>;
}

export function tokenBell(
  database: Pick<Database, 'asMachinery' | 'listener'>,
  onFailure: (error: unknown) => void,
): TokenBell {
  const ears = new Set<(integration: string | undefined) => void>();
  const waiting = new Map<string, Set<() => void>>();
  let due = new Set<string>();
  let sending: Promise<void> | undefined;
  let listening: Listening | undefined;
  let closed = false;

  const tell = (integration: string | undefined) => {
    for (const ear of ears) ear(integration);
    const woken = integration === undefined ? [...waiting.values()] : [waiting.get(integration) ?? new Set()];
    for (const wakes of woken) for (const wake of [...wakes]) wake();
  };

  const send = async () => {
    while (due.size > 0) {
      const now = [...due];
      due = new Set();
      const text = 'select pg_notify($1, id) from unnest($2::text[]) as id';
      await database.asMachinery((tx) => tx.query(text, [channel, now])).catch(onFailure);
    }
    sending = undefined;
  };

  const listen = () => {
    if (closed) return;
    listening ??= keepListening({
      open: database.listener,
      channel,
      pauseMs: limits.accessListenPauseMs,
      pauseMsMax: limits.accessListenPauseMs,
      onPayload: (payload) => tell(payload),
      onConnected: () => tell(undefined),
      onFailure,
    });
  };

  return {
    ring: (integration) => {
      tell(integration);
      due.add(integration);
      sending ??= send();
    },
    hear: (ear) => {
      ears.add(ear);
    },
    listen,
    wait: (integration, ms) => {
      listen();
      return new Promise((resolve) => {
        const wakes = waiting.get(integration) ?? new Set();
        const wake = () => {
          clearTimeout(timer);
          wakes.delete(wake);
          if (wakes.size === 0) waiting.delete(integration);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        wakes.add(wake);
        waiting.set(integration, wakes);
      });
    },
    close: async () => {
      closed = true;
      await sending;
      await listening?.close();
    },
  };
}
