/** A LISTEN that survives lost connections; after each new one its owner looks for what it may have missed. */

/** A connection kept open for LISTEN. `pg.Client` is one. */
interface ListenConnection {
  query(text: string): Promise<unknown>;
  on(event: 'notification', listener: (message: { payload?: string | undefined }) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  end(): Promise<void>;
}

/** Opens a new connected `ListenConnection`; called again after each loss. */
export type OpenListener = () => Promise<ListenConnection>;

export interface Listening {
  /** The first connection stands, or listening was closed before. */
  ready: Promise<void>;
  close(): Promise<void>;
}

/** Listens until closed, connecting again with pauses that grow while no connection comes about. */
export function keepListening(parts: {
  open: OpenListener;
  channel: string;
  pauseMs: number;
  pauseMsMax: number;
  onPayload: (payload: string) => void;
  onConnected: () => void;
  onFailure: (error: unknown) => void;
}): Listening {
  let closed = false;
  let hangUp = (): void => {};
  let settle = (): void => {};
  const ready = new Promise<void>((resolve) => {
    settle = resolve;
  });

  /** One connection's life. */
  async function session(): Promise<void> {
    const connection = await parts.open();
    try {
      const over = new Promise<void>((resolve) => {
        hangUp = resolve;
        connection.on('end', () => resolve());
        connection.on('error', () => resolve());
      });
      connection.on('notification', ({ payload }) => parts.onPayload(payload ?? ''));
      await Promise.race([connection.query(`listen ${parts.channel}`), over]);
      parts.onConnected();
      settle();
      if (!closed) await over;
    } finally {
      await connection.end().catch(() => {});
    }
  }

  async function run(): Promise<void> {
    let { pauseMs } = parts;
    while (!closed) {
      const ended = await session().then(
        () => true,
        (error: unknown) => {
          if (!closed) parts.onFailure(error);
          return false;
        },
      );
      pauseMs = ended ? parts.pauseMs : Math.min(2 * pauseMs, parts.pauseMsMax);
      if (closed) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        hangUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    settle();
  }

  const running = run();
  return {
    ready,
    close: async () => {
      closed = true;
      hangUp();
      await running;
    },
  };
}
