/** Asks Redis whether it answers, for doctor and top: nothing is read or written there. */
import type { Redis } from 'ioredis';

const answerMsMax = 2_000;

export interface RedisProbe {
  /** Milliseconds until it answered. @throws Error of ioredis; the next call connects anew */
  ask(): Promise<number>;
  close(): void;
}

/** Connects at the first question and stays connected. */
export function openRedisProbe(url: string): RedisProbe {
  let client: Redis | undefined;
  const close = (): void => {
    client?.disconnect();
    client = undefined;
  };
  const connect = async (): Promise<Redis> => {
    const { Redis: Client } = await import('ioredis');
    client = new Client(url, {
      lazyConnect: true,
      connectTimeout: answerMsMax,
      commandTimeout: answerMsMax,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  return {
    ask: async () => {
      try {
        const asked = client ?? (await connect());
        const started = performance.now();
        await asked.ping();
        return performance.now() - started;
      } catch (error) {
        close();
        throw error;
      }
    },
    close,
  };
}
