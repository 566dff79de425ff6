/** Realtime for a client: a hint of the server makes it synchronize at once instead of at the next look. */
import { bounds } from './bounds.js';
import type { SyncClient } from './client.js';

/** What is needed of a socket; one of socket.io-client has it. */
export interface HintSocket {
  readonly connected: boolean;
  on(event: string, listener: (message: unknown) => void): unknown;
  off(event: string, listener: (message: unknown) => void): unknown;
  emit(event: string, message: unknown): unknown;
}

export interface HintOptions {
  /** Id or slug of the organization, and what the client holds of it. */
  organization: string;
  doctypes: readonly string[];
  /** Default: the platform's. */
  wait?: (ms: number) => Promise<void>;
}

/** Events after which a feed may have more; `ready` comes with each connection, and something may have been missed before. */
const events = ['ready', 'delta', 'resync', 'organizations', 'permission_revoked'] as const;

/**
 * Subscribes to the doctypes of a client with each connection of a socket, and synchronizes after hints: those that
 * come together count as one, and one that comes meanwhile starts another synchronization behind the running one. A
 * failed one is seen in the status of the client; the next hint tries again.
 * @returns the way to stop it
 */
export function followHints(
  client: Pick<SyncClient, 'sync'>,
  socket: HintSocket,
  { organization, doctypes, wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms)) }: HintOptions,
): () => void {
  let wanted = false;
  let running = false;
  let stopped = false;

  const run = async (): Promise<void> => {
    running = true;
    while (wanted && !stopped) {
      await wait(bounds.hintGatherMs);
      wanted = false;
      await client.sync().catch(() => {});
    }
    running = false;
  };
  const hint = (): void => {
    wanted = true;
    if (!running) void run();
  };
  const subscribe = (): void => {
    for (const doctype of doctypes) socket.emit('subscribe', { channel: `sync:${doctype}:${organization}` });
  };

  for (const event of events) socket.on(event, hint);
  socket.on('ready', subscribe);
  socket.on('organizations', subscribe);
  if (socket.connected) {
    subscribe();
    hint();
  }
  return () => {
    stopped = true;
    for (const event of events) socket.off(event, hint);
    socket.off('ready', subscribe);
    socket.off('organizations', subscribe);
  };
}
