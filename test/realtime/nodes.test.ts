/** Three nodes behave like one, also when one of them and Redis are killed. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { audience } from '../identity/test-issuer.js';
import { unlimited } from '../server/world.js';
import { testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { bundleChild } from '../support/killed.js';
import { startBalancer } from './balancer.js';
import { hasHaproxy, startHaproxy } from './haproxy.js';
import { hasRedis, type RedisServer, startRedis } from './redis.js';
import { type Client, openWorld, until } from './world.js';

const front = hasHaproxy ? 'HAProxy' : 'a balancer of ours';

describe.each(['PostgreSQL', ...(hasRedis ? ['Redis'] : [])])(
  `three nodes behind ${front} over %s`,
  (bus) => {
    let redis: RedisServer | undefined;
    let child: ChildProcess;
    let childUrl: string;
    let balanced: string;
    const world = openWorld(2, {
      before: async () => {
        if (bus === 'Redis') redis = await startRedis();
      },
      dartwing: () => (redis === undefined ? {} : { realtime: { redisUrl: redis.url } }),
    });

    beforeAll(async () => {
      const bundle = await bundleChild(new URL('./node-child.ts', import.meta.url));
      child = fork(bundle.file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      atEnd(() => {
        child.kill('SIGKILL');
        bundle.remove();
      });
      child.send({
        ...testOptions(world.database),
        identity: { issuers: [{ issuer: world.realm.issuer, audience }] },
        rates: unlimited,
        ...(redis === undefined ? {} : { realtime: { redisUrl: redis.url } }),
      });
      [childUrl] = (await once(child, 'message')) as [string];
      const targets = () => [...world.nodes.map(({ url }) => url), childUrl];
      balanced = hasHaproxy ? await startHaproxy(targets()) : await startBalancer(targets);
    });

    const facts = () =>
      world.database.admin
        .query(
          'select (select count(*)::int from realtime_outbox) as waiting, (select count(*)::int from realtime_node) as nodes',
        )
        .then(({ rows }) => rows[0] as { waiting: number; nodes: number });

    it('T-W1 T-W5 T-W8 give each of a thousand events to each client once, wherever it came from', async () => {
      const clients: Client[] = [];
      for (let index = 0; index < 6; index++)
        clients.push(await world.connect(index % 2 === 0 ? 'ana@acme.test' : 'emil@acme.test', balanced));
      const sent: string[] = [];
      for (let round = 0; round < 10; round++) {
        await Promise.all(
          world.nodes.map(async ({ dartwing }, node) => {
            const messages = Array.from({ length: 50 }, (_, index) => `${round}.${node}.${index}`);
            sent.push(...messages);
            const ticks = messages.map((message) => ({ event: 'tick', message }));
            await dartwing.realtime.publish('acme', ticks);
          }),
        );
        for (const client of clients) await until(() => client.of('tick').length >= sent.length, 'all ticks');
      }
      await setTimeout(50);
      for (const client of clients)
        expect(
          client
            .of('tick')
            .map(({ message }) => message)
            .sort(),
        ).toEqual([...sent].sort());
      expect(await facts()).toEqual({ waiting: 0, nodes: 3 });
    });

    it('lose no acknowledged write when a node is killed, and clients catch up by the feed', async () => {
      const [dartwing, other] = world.nodes.map((node) => node.dartwing) as [
        typeof world.dartwing,
        typeof world.dartwing,
      ];
      const ana = await world.connect('ana@acme.test', childUrl);
      const emil = await world.connect('emil@acme.test', world.nodes[1]!.url);
      for (const client of [ana, emil]) {
        await client.ask('subscribe', 'sync:Task:acme');
        await client.ask('subscribe', { channel: 'room:standup', presence: true });
      }
      const { next_since: since } = await dartwing.sync.feed('acme', { doctype: 'Task' });
      const acknowledged: string[] = [];
      const write = async (at: typeof dartwing, title: string) => {
        const { after } = await at.documents.create('acme', 'Task', { data: { title, status: 'Open' } });
        acknowledged.push(after!.name);
      };
      for (let index = 0; index < 10; index++)
        await write(index % 2 === 0 ? dartwing : other, `before ${index}`);
      const writing = (async () => {
        for (let index = 0; index < 20; index++)
          await write(index % 2 === 0 ? dartwing : other, `meanwhile ${index}`);
      })();
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await redis?.kill();
      await gone;
      await writing;
      await until(() => ana.socket.disconnected, 'the end of its node');
      // Who stayed on a living node heard everything, by whatever way.
      await until(() => emil.of('delta').length >= acknowledged.length, 'all deltas');
      expect(
        emil
          .of('delta')
          .map(({ message }) => message.name)
          .sort(),
      ).toEqual([...acknowledged].sort());
      // Who was thrown out comes back on another node, and the feed has all of it.
      const back = await world.connect('ana@acme.test', balanced);
      const page = await dartwing.sync.feed('acme', { doctype: 'Task', since, limit: 500 });
      expect(page.rows.map(({ name }) => name).sort()).toEqual([...acknowledged].sort());
      await back.ask('subscribe', 'sync:Task:acme');
      await write(other, 'after');
      await until(() => back.of('delta').length === 1, 'news at the other node');

      // The dead node's sign of life is a minute old: with the next beat of another, nobody is present through it.
      expect(emil.of('presence').map(({ message }) => message.action)).not.toContain('leave');
      await world.database.admin.query(
        `update realtime_node set seen_at = seen_at - interval '61 seconds'
       where node = (select node from realtime_presence where account = 'ana@acme.test')`,
      );
      const late = await world.openNode();
      await until(() => emil.of('presence').some(({ message }) => message.action === 'leave'), 'the leave');
      const again = await world.connect('ana@acme.test', late.url);
      expect((await again.ask('subscribe', { channel: 'room:standup', presence: true })).present).toEqual([
        'ana@acme.test',
        'emil@acme.test',
      ]);
    }, 60_000);

    if (bus === 'Redis')
      it('T-W4 go on by way of the database without Redis, and send nothing twice when it is back', async () => {
        const clients = [
          await world.connect('ana@acme.test', world.nodes[0]!.url),
          await world.connect('emil@acme.test', world.nodes[1]!.url),
        ];
        const publish = (message: string) =>
          world.dartwing.realtime.publish('acme', { event: 'tock', message });
        await publish('without');
        for (const client of clients) await until(() => client.of('tock').length === 1, 'the event');
        await redis!.start();
        // Clients of a node that may have missed something are told to look for themselves.
        for (const client of clients) await until(() => client.of('resync').length > 0, 'the hint');
        await publish('with');
        for (const client of clients)
          await until(() => client.of('tock').some(({ message }) => message === 'with'), 'the event');
        for (const client of clients)
          expect(client.of('tock').map(({ message }) => message)).toEqual(['without', 'with']);
      });
  },
);

it.skipIf(hasHaproxy)('HAProxy is not installed here: a balancer of ours stood in for it', () => {});

it.skipIf(hasRedis)('Redis is not installed here: its bus was not tested', () => {});
