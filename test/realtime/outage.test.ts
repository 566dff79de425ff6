/** What goes wrong between a commit and a client. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { createDartwing, type Dartwing, systemClock } from '../../src/core/index.js';
import { createServer } from '../../src/server/index.js';
import { testOptions } from '../support/database.js';
import { openWorld, until } from './world.js';

const world = openWorld(1, { server: { operatorToken: 'operators-only-0000' } });
/** A process that serves no sockets. */
let other: Dartwing;

beforeAll(async () => {
  other = await createDartwing(testOptions(world.database, { clock: systemClock }));
  return () => other.close();
});

describe('an event', () => {
  it('of a process without sockets arrives, and of one that died after its commit too', async () => {
    const ana = await world.connect('ana@acme.test');
    await ana.ask('subscribe', 'sync:Note:acme');
    const { after } = await other.documents.create('acme', 'Note', { data: { title: 'x' } });
    await until(() => ana.of('delta').length === 1, 'the delta');
    expect(ana.of('delta')[0]!.message.name).toBe(after!.name);
    // What a process leaves that is killed between its commit and the relay: a row.
    const event = { event: 'left', message: 1, to: { rooms: [`${world.acme}|org`] } };
    await world.database.admin.query('insert into realtime_outbox (organization, event) values ($1, $2)', [
      world.acme,
      JSON.stringify(event),
    ]);
    await until(() => ana.of('left').length === 1, 'what was left');
  });

  it('of a job is heard by its organization, from whatever process runs it', async () => {
    const ana = await world.connect('ana@acme.test');
    const bo = await world.connect('bo@bolt.test');
    other.jobs.define('realtime.work', {
      handler: async (_, job) => {
        for (let percent = 1; percent <= 50; percent++) job.progress(percent, `step ${percent}`);
      },
    });
    const worker = other.jobs.work();
    await worker.ready;
    const { job } = await other.jobs.submit('acme', 'realtime.work', {});
    await until(
      () => ana.of('job_status_changed').some(({ message }) => message.to_status === 'Completed'),
      'the end',
    );
    await worker.stop();
    for (const { message } of ana.of('job_status_changed'))
      expect(message).toMatchObject({ organization: world.acme, job_id: job.id });
    // However often it tells how far it is.
    expect(ana.of('job_progress').length).toBeLessThanOrEqual(2);
    expect([...bo.of('job_status_changed'), ...bo.of('job_progress')]).toEqual([]);
  });

  it('is looked for in the feed when the connection that hears broke, and the next ones arrive', async () => {
    const ana = await world.connect('ana@acme.test');
    await world.database.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'dartwing-listen'`,
    );
    await until(() => ana.of('resync').length > 0, 'the hint');
    expect(ana.of('resync')[0]!.message).toEqual({ reason: 'gap' });
    await world.dartwing.realtime.publish('acme', { event: 'after', message: 1 });
    await until(() => ana.of('after').length === 1, 'the next event');
  });

  it('of thousands at once is one hint', async () => {
    const ana = await world.connect('ana@acme.test');
    await ana.ask('subscribe', 'sync:Note:acme');
    await world.database.admin.query(
      `insert into realtime_outbox (organization, after_seq, up_to_seq) values ($1, 0, 5000)`,
      [world.acme],
    );
    await until(() => ana.of('resync').length === 1, 'the hint');
    expect(ana.of('delta')).toEqual([]);
  });
});

describe('a client', () => {
  it('that reads too slowly gets no more than a bounded heap, then a hint, and the others notice nothing', async () => {
    const [slow, quick] = [await world.connect('ana@acme.test'), await world.connect('emil@acme.test')];
    const stream = (
      slow.socket.io.engine as unknown as { transport: { ws: { _socket: import('node:net').Socket } } }
    ).transport.ws._socket;
    stream.pause();
    const message = 'x'.repeat(60_000);
    let sent = 0;
    const skipped = () =>
      world.nodes[0]!.dartwing && facts().then(({ realtime }) => realtime[0]!.skipped as number);
    while ((await skipped()) === 0 && sent < 400) {
      await Promise.all(
        Array.from({ length: 10 }, () => world.dartwing.realtime.publish('acme', { event: 'big', message })),
      );
      sent += 10;
      await until(() => quick.of('big').length === sent, 'all at the other');
    }
    expect(await skipped()).toBeGreaterThan(0);
    stream.resume();
    await until(() => slow.of('resync').length === 1, 'the hint');
    expect(slow.of('resync')[0]!.message).toEqual({ reason: 'slow' });
    expect(slow.of('big').length).toBeLessThan(sent);
    await world.dartwing.realtime.publish('acme', { event: 'small', message: 1 });
    await until(() => slow.of('small').length === 1 && quick.of('small').length === 1, 'both again');
  });

  it('is told to come back elsewhere when its server stops', async () => {
    const node = await world.openNode();
    const ana = await world.connect('ana@acme.test', node.url);
    await ana.ask('subscribe', { channel: 'room:standup', presence: true });
    await node.listening.close();
    expect(ana.of('reconnect_soon')[0]?.message).toEqual({ delay_ms: expect.any(Number) });
    expect(ana.socket.connected).toBe(false);
    const { rows } = await world.database.admin.query('select account from realtime_presence');
    expect(rows).toEqual([]);
    await expect(world.connect('ana@acme.test', node.url)).rejects.toThrow();
  });
});

describe('a host', () => {
  it('serves sockets on its own server, and polling ones where clients stay on one node', async () => {
    const server = createServer(world.dartwing, { realtime: { sticky: true }, basePath: '/dartwing' });
    const host = createHttpServer(server.handler);
    const sockets = server.attach(host);
    await sockets.ready;
    host.listen(0, '127.0.0.1');
    await once(host, 'listening');
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
    const token = await world.token('ana@acme.test');
    const path = '/dartwing/socket.io';
    const polling = await world.connectWith({ token }, url, { path, transports: ['polling'] });
    expect(await polling.ask('subscribe', 'org:acme')).toMatchObject({ ok: true });
    await world.dartwing.realtime.publish('acme', [
      { event: 'first', message: 1 },
      { event: 'second', message: 2 },
    ]);
    await until(() => polling.of('second').length === 1, 'both events');
    expect(polling.of('first')).toHaveLength(1);
    const answer = await fetch(`${url}/dartwing/v1/organizations/acme/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ events: [{ event: 'third', message: { by: 'HTTP' } }] }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      202,
      { data: { organization: world.acme, count: 1 } },
    ]);
    await until(() => polling.of('third').length === 1, 'the event of a request');
    await sockets.close(1_000);
    host.closeAllConnections();
    host.close();
  });
});

interface Facts {
  status: string;
  realtime: Record<string, unknown>[];
}

async function facts(): Promise<Facts> {
  const headers = { authorization: 'Bearer operators-only-0000' };
  const response = await fetch(`${world.nodes[0]!.url}/health/details`, { headers });
  return (await response.json()) as Facts;
}

it('tells operators what it serves', async () => {
  const ana = await world.connect('ana@acme.test');
  await world.dartwing.realtime.publish('acme', { event: 'seen', message: 1 });
  await until(() => ana.of('seen').length === 1, 'the event');
  expect(await facts()).toMatchObject({
    status: 'ready',
    realtime: [{ connections: 1, bus: { kind: 'postgres', state: 'ok' } }],
  });
  const headers = { authorization: 'Bearer operators-only-0000' };
  const text = await (await fetch(`${world.nodes[0]!.url}/metrics`, { headers })).text();
  expect(text).toContain('dartwing_realtime_connections 1');
  expect(text).toMatch(/dartwing_realtime_delivered_total\{event="seen"\} 1/);
});
