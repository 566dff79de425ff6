/**
 * Batches by way of Redis, which spares the database; when it does not answer they go by NOTIFY, so losing Redis costs
 * time and nothing else. Numbers of batches tell a node that one was lost between the two ways.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Tx } from '../db/index.js';
import type { Log } from '../log.js';
import { bounds } from './bounds.js';
import type { Bus } from './bus.js';
import { decodeBatch, encodeBatch } from './envelope.js';

export interface RedisBusParts {
  url: string;
  /** Tells installations of one Redis apart. */
  installation: string;
  /** Proves that a batch is ours. */
  key: Buffer;
  /** The way when Redis is gone. */
  detour: Bus;
  log: Log;
  /** Whether events of all of these organizations may go to Redis. */
  admits(tx: Tx, organizations: readonly string[]): Promise<boolean>;
  /** Messages of other publishers, as they came. */
  onExternal: ((text: string) => void) | undefined;
}

/** The channel on which programs of others publish. */
export const externalChannel = 'dartwing:realtime';

export async function redisBus(parts: RedisBusParts): Promise<Bus> {
  const { Redis } = await import('ioredis');
  const channel = `dartwing:bus:${parts.installation}`;
  const settings = {
    lazyConnect: true,
    connectTimeout: bounds.redisCallMs,
    retryStrategy: (attempt: number) => Math.min(50 * attempt, bounds.redisPauseMsMax),
  };
  // What cannot be sent now is not kept for later: it takes the detour, and would arrive twice and late.
  const publisher = new Redis(parts.url, {
    ...settings,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: bounds.redisCallMs,
  });
  const subscriber = new Redis(parts.url, { ...settings, maxRetriesPerRequest: null });
  for (const client of [publisher, subscriber]) muffle(client, parts.log);

  return {
    kind: 'redis',
    publish: async (tx, batch) => {
      const organizations = [...new Set(batch.events.map(({ organization }) => organization))];
      if (organizations.length > 0 && !(await parts.admits(tx, organizations)))
        return parts.detour.publish(tx, batch);
      const text = encodeBatch(batch);
      try {
        await publisher.publish(channel, `${macOf(parts.key, text)} ${text}`);
      } catch (error) {
        parts.log.debug({ err: error }, 'redis');
        await parts.detour.publish(tx, batch);
      }
    },
    listen: async ({ onBatch, onGap }) => {
      await parts.detour.listen({ onBatch, onGap });
      let subscribed = false;
      subscriber.on('ready', () => {
        const names = parts.onExternal === undefined ? [channel] : [channel, externalChannel];
        void subscriber.subscribe(...names).then(
          () => {
            if (subscribed) onGap();
            subscribed = true;
          },
          () => {},
        );
      });
      subscriber.on('message', (from: string, message: string) => {
        if (from !== channel) return parts.onExternal?.(message);
        const text = message.slice(message.indexOf(' ') + 1);
        if (!proves(parts.key, text, message.slice(0, message.length - text.length - 1)))
          return parts.log.warn({ channel }, 'a batch that is not ours was refused');
        const batch = decodeBatch(text);
        if (batch !== undefined) onBatch(batch);
      });
      // Without Redis the node starts all the same.
      await Promise.all([publisher, subscriber].map((client) => client.connect().catch(() => {})));
    },
    state: () => (publisher.status === 'ready' && subscriber.status === 'ready' ? 'ok' : 'degraded'),
    close: async () => {
      publisher.disconnect();
      subscriber.disconnect();
      await parts.detour.close();
    },
  };
}

/** A client tells of its first failure and of its return, not of each try. */
function muffle(client: Redis, log: Log): void {
  let gone = false;
  client.on('error', (error: unknown) => {
    if (!gone) log.warn({ err: error }, 'redis does not answer; events go by way of the database');
    gone = true;
  });
  client.on('ready', () => {
    if (gone) log.warn({}, 'redis answers again');
    gone = false;
  });
}

function macOf(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

function proves(key: Buffer, text: string, mac: string): boolean {
  const [mine, given] = [Buffer.from(macOf(key, text)), Buffer.from(mac)];
  return mine.length === given.length && timingSafeEqual(mine, given);
}
