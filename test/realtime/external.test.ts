/** What programs of others put on Redis. */
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/index.js';
import { openKeyring } from '../../src/core/keys/index.js';
import { readExternal, signExternal } from '../../src/core/realtime/external.js';
import { masterKey } from '../support/server.js';
import { hasRedis, type RedisServer, startRedis } from './redis.js';
import { openWorld, until } from './world.js';

const key = 'a key of some publisher';
let count = 0;
const message = (more: object = {}) => ({
  organization: 'acme',
  event: 'news',
  message: { n: ++count },
  id: `external-${count}`,
  at: new Date().toISOString(),
  ...more,
});
const eventFor = (organization: string) => ({
  id: 'forged',
  organization,
  event: 'news',
  to: { rooms: [`${organization}|org`] },
  message: 'forged batch',
});
const signed = (more: object = {}, with_ = key) => {
  const content = message(more);
  return JSON.stringify({ ...content, sig: signExternal(content, with_) });
};

describe('a message of another publisher', () => {
  it('is taken with a signature, and only then', () => {
    const read = (text: string) => readExternal(text, key, systemClock);
    expect(read(signed({ room: 'standup' }))).toMatchObject({
      organization: 'acme',
      publication: { event: 'news', room: 'standup' },
    });
    expect(read(JSON.stringify(message()))).toBe('form');
    expect(read(signed({}, 'another key'))).toBe('signature');
    expect(read(signed().replace('"news"', '"newz"'))).toBe('signature');
    expect(read(signed({ at: new Date(Date.now() - 301_000).toISOString() }))).toBe('age');
    expect(read(signed({ message: 'x'.repeat(80_000) }))).toBe('size');
    for (const text of ['', '{', 'null', '[]', signed({ more: 1 }), signed({ id: 'short' })])
      expect(read(text)).toBe('form');
  });
});

describe.skipIf(!hasRedis)('Redis', () => {
  let redis: RedisServer;
  let publisher: Redis;
  const world = openWorld(2, {
    before: async () => {
      redis = await startRedis();
    },
    dartwing: () => ({ realtime: { redisUrl: redis.url, publishKey: key } }),
  });
  beforeAll(() => {
    publisher = new Redis(redis.url);
    return () => publisher.disconnect();
  });

  it('brings a signed message to each client once, and another to nobody', async () => {
    const [ana, emil, bo] = [
      await world.connect('ana@acme.test', world.nodes[0]!.url),
      await world.connect('emil@acme.test', world.nodes[1]!.url),
      await world.connect('bo@bolt.test', world.nodes[1]!.url),
    ];
    const send = (text: string) => publisher.publish('dartwing:realtime', text);
    await send(JSON.stringify({ event: 'news', message: 'to all', organization: 'acme' }));
    await send(signed({ message: 'forged' }, 'another key'));
    await send(signed({ message: 'astray', room: 'org:bolt' }));
    await send(signed({ message: 'nowhere', organization: 'nobody' }));
    await send(signed({ message: 'reserved', event: 'delta' }));
    // Somebody who can write to Redis, and does not have the master key, makes no batch.
    const batch = { number: 1_000, moved: [], events: [eventFor(world.acme)] };
    const { fingerprint } = openKeyring(masterKey, 'test');
    await publisher.publish(`dartwing:bus:${fingerprint}`, `${'x'.repeat(43)} ${JSON.stringify(batch)}`);
    const once = signed({ message: 'once' });
    await send(once);
    await send(once);
    await send(signed({ message: 'private', user: 'emil@acme.test' }));
    await send(signed({ message: 'last' }));
    for (const client of [ana, emil])
      await until(() => client.of('news').some(({ message }) => message === 'last'), 'the last');
    const sorted = (client: typeof ana) =>
      client
        .of('news')
        .map(({ message }) => message)
        .sort();
    await until(() => sorted(emil).length === 3, 'all of them');
    expect([sorted(ana), sorted(emil), sorted(bo)]).toEqual([
      ['last', 'once'],
      ['last', 'once', 'private'],
      [],
    ]);
  });
});
