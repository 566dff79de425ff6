/**
 * Realtime: what idle sockets hold, how events fan out beside bare Socket.IO with its Redis adapter on as many nodes, and how
 * long another channel takes. Servers and clients share the process, so that both sides bear the same clients; the
 * bare side sends at once what the other one first commits to its outbox.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { createDartwing, type Dartwing, type DartwingOptions } from '../src/core/index.js';
import { createServer, type Listening } from '../src/server/index.js';
import {
  amountFigure,
  compareAll,
  type Figure,
  median,
  printReport,
  progress,
  ratioFigure,
} from './measure.js';
import { type RawSocket, rawSocket } from './raw-socket.js';
import { withDatabase, withServer } from './server.js';

const idleSockets = 1_000;
const nodes = 2;
const events = 100;
const shapes = [
  { what: 'one room of 200 clients', rooms: 1, each: 200 },
  { what: '40 rooms of 5 clients', rooms: 40, each: 5 },
] as const;
const wide = { callerSocketsMax: 100_000, organizationSocketsMax: 100_000, socketsMax: 100_000 };

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const redis = await startRedis();
  try {
    const report = await withServer(false, (server) =>
      withDatabase(server, 'realtime', async (options) => {
        const figures: Figure[] = await alone(options);
        if (redis !== undefined)
          for (const shape of shapes) figures.push(...(await fanOut(options, redis.url, shape)));
        return {
          bench: 'realtime',
          figures,
          notes: [
            `PostgreSQL ${server.version}; the memory of an idle socket includes that of its bare client in the same process`,
            redis === undefined
              ? 'redis-server is not installed: fan-out was not compared'
              : `${nodes} nodes over Redis; ${events} events of 200 bytes per run`,
          ],
        };
      }),
    );
    printReport(report, json);
  } finally {
    redis?.stop();
  }
}

/** One node by itself: memory of idle sockets, and the decision on another channel. */
async function alone(options: DartwingOptions): Promise<Figure[]> {
  const ours = await openOurs(options, 1);
  progress('idle sockets');
  const warm = await many(100, () => ours.connect(0));
  collect();
  const before = process.memoryUsage().rss;
  const idle = await many(idleSockets, () => ours.connect(0));
  collect();
  const kibibytes = (process.memoryUsage().rss - before) / 1_024 / idleSockets;
  for (const socket of [...warm, ...idle.slice(1)]) socket.end();

  progress('another channel');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const [client] = idle as [RawSocket];
  const took: number[] = [];
  for (let n = 0; n < 100; n++) {
    const started = performance.now();
    client.send(`42${n}["subscribe",{"channel":"room:r${n}"}]`);
    await client.acknowledged(n);
    took.push(performance.now() - started);
    client.send(`42["unsubscribe",{"channel":"room:r${n}"}]`);
    // As fast as a client may.
    await new Promise((resolve) => setTimeout(resolve, 110));
  }
  client.end();
  await ours.close();
  took.sort((a, b) => a - b);
  return [
    amountFigure('memory of an idle socket', kibibytes, 'KiB', { atMost: 40 }),
    amountFigure('another channel, median', median(took), 'ms'),
    amountFigure('another channel, 99th percentile', took[Math.floor(took.length * 0.99)]!, 'ms', {
      atMost: 25,
    }),
  ];
}

/** The same clients in the same rooms on both sides. */
async function fanOut(
  options: DartwingOptions,
  redisUrl: string,
  shape: (typeof shapes)[number],
): Promise<Figure[]> {
  progress(shape.what);
  const { rooms, each } = shape;
  const message = 'x'.repeat(200);
  const ours = await openOurs({ ...options, realtime: { redisUrl } }, nodes);
  const bare = await openBare(redisUrl);
  const clientsOf = async (side: Ours | Bare) => {
    const sockets = await many(rooms * each, (n) => side.connect(n % nodes));
    const answers = sockets.map((socket, n) => socket.acknowledged(n));
    for (const [n, socket] of sockets.entries())
      socket.send(`42${n}["subscribe",{"channel":"room:r${n % rooms}"}]`);
    await Promise.all(answers);
    return sockets;
  };
  const sides = { ours: await clientsOf(ours), bare: await clientsOf(bare) };
  const names = Array.from({ length: events }, (_, n) => `r${n % rooms}`);
  const run = (sockets: readonly RawSocket[], publish: () => Promise<void>) => async () => {
    const targets = sockets.map((socket, n) =>
      socket.reached(socket.events + Math.ceil((events - (n % rooms)) / rooms)),
    );
    const used = process.cpuUsage();
    const started = performance.now();
    await Promise.all([publish(), ...targets]);
    const { user, system } = process.cpuUsage(used);
    const deliveries = (events * sockets.length) / rooms;
    return { time: performance.now() - started, processor: (user + system) / deliveries };
  };
  const emitAll = async () => {
    for (const room of names) bare.nodes[0]!.to(`room:${room}`).emit('news', message);
  };
  const [dartwing] = ours.dartwings as [Dartwing];
  const publications = names.map((room) => ({ event: 'news', message, room }));
  const together = await compareAll(
    run(sides.bare, emitAll),
    run(sides.ours, () => dartwing.realtime.publish('acme', publications)),
    { count: 12, warmups: 2 },
  );
  const single = await compareAll(
    run(sides.bare, emitAll),
    run(sides.ours, async () => {
      await Promise.all(publications.map((each) => dartwing.realtime.publish('acme', each)));
    }),
    { count: 6, warmups: 1 },
  );
  for (const socket of [...sides.bare, ...sides.ours]) socket.end();
  await ours.close();
  await bare.close();
  return [
    ratioFigure(`${events} events to ${shape.what}, in one transaction`, together.time, 1.11),
    ratioFigure('  processor time of one delivery', together.processor, 1, 'µs'),
    ratioFigure(`${events} events to ${shape.what}, each in its own`, single.time),
    ratioFigure('  processor time of one delivery', single.processor, undefined, 'µs'),
  ];
}

type Ours = Awaited<ReturnType<typeof openOurs>>;
type Bare = Awaited<ReturnType<typeof openBare>>;

async function openOurs(options: DartwingOptions, count: number) {
  const dartwings: Dartwing[] = [];
  const listening: Listening[] = [];
  const many = [{ seconds: 60, calls: 10_000_000 }];
  const rates = {
    address: many,
    person: { organization: many, resource: many, general: many },
    tier: { free: many, pro: many, enterprise: many },
  };
  for (let n = 0; n < count; n++) {
    const dartwing = await createDartwing({ ...options, rates, background: false });
    dartwings.push(dartwing);
    listening.push(await createServer(dartwing, { realtime: wide }).listen({ port: 0, drainMs: 0 }));
  }
  const [{ tenancy, identity }] = dartwings as [Dartwing];
  await tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' }, { idempotencyKey: 'acme' });
  const input = { name: 'bench', environment: 'production' as const, permissions: ['*:*'] };
  const { change, secret } = await identity.apiKeys.create('acme', input);
  const headers = { Authorization: `token ${change.after!.id}:${secret}` };
  return {
    dartwings,
    connect: (node: number) => rawSocket(listening[node]!.url, headers),
    close: async () => {
      for (const each of listening) await each.close();
      for (const each of dartwings) await each.close();
    },
  };
}

/** What somebody would write who has no organizations. */
async function openBare(redisUrl: string) {
  const clients: Redis[] = [];
  const hosts = await Promise.all(
    Array.from({ length: nodes }, async () => {
      const [publisher, subscriber] = [new Redis(redisUrl), new Redis(redisUrl)];
      clients.push(publisher, subscriber);
      const host = createHttpServer();
      const io = new Server(host, {
        transports: ['websocket'],
        adapter: createAdapter(publisher, subscriber),
      });
      io.on('connection', (socket) => {
        socket.on('subscribe', ({ channel }: { channel: string }, answer: () => void) => {
          void socket.join(channel);
          answer();
        });
      });
      host.listen(0, '127.0.0.1');
      await once(host, 'listening');
      return { host, io };
    }),
  );
  return {
    nodes: hosts.map(({ io }) => io),
    connect: (node: number) =>
      rawSocket(`http://127.0.0.1:${(hosts[node]!.host.address() as { port: number }).port}`, {}),
    close: async () => {
      for (const { io } of hosts) await io.close();
      for (const client of clients) client.disconnect();
    },
  };
}

/** Some at a time, in their order. */
async function many<T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let at = 0; at < count; at += 50)
    made.push(
      ...(await Promise.all(Array.from({ length: Math.min(50, count - at) }, (_, n) => make(at + n)))),
    );
  return made;
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Redis on a free port, where it is installed. */
async function startRedis(): Promise<{ url: string; stop(): void } | undefined> {
  const free = createTcpServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as { port: number };
  free.close();
  const child = spawn(
    'redis-server',
    ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const started = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('eady to accept connections')) resolve(true);
    });
  });
  return (await started) ? { url: `redis://127.0.0.1:${port}`, stop: () => void child.kill() } : undefined;
}
