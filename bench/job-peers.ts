/** Other job queues behind one interface, each in the mode its makers tune it for. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { progress } from './measure.js';

/** A queue of no-op jobs. */
export interface Peer {
  name: string;
  add(n: number): Promise<unknown>;
  addMany(count: number): Promise<unknown>;
  /** Lets the planner know what waits. */
  settle(): Promise<unknown>;
  /** Starts to work; each end of a job is told. */
  work(concurrency: number, onEnd: () => void): Promise<() => Promise<unknown>>;
  /** Forgets all jobs. */
  clear(): Promise<unknown>;
  close(): Promise<unknown>;
}

type Graphile = Pick<typeof import('graphile-worker'), 'Logger' | 'makeWorkerUtils' | 'run'>;

/** What of pg-boss 12 is used. */
interface Boss {
  on(event: 'error', hear: (error: Error) => void): void;
  start(): Promise<unknown>;
  stop(options: object): Promise<unknown>;
  createQueue(name: string, options: object): Promise<unknown>;
  send(name: string, data: object): Promise<unknown>;
  insert(name: string, jobs: object[]): Promise<unknown>;
  work(name: string, options: object, handler: (jobs: unknown[]) => Promise<unknown>): Promise<unknown>;
  offWork(name: string): Promise<unknown>;
  deleteAllJobs(name: string): Promise<unknown>;
  getDb(): { executeSql(text: string, values: unknown[]): Promise<unknown> };
}

/** What of BullMQ is used. */
interface BullQueue {
  add(name: string, data: object): Promise<unknown>;
  addBulk(jobs: object[]): Promise<unknown>;
  obliterate(options: object): Promise<unknown>;
  close(): Promise<unknown>;
}

interface Modules {
  graphile: Graphile;
  boss: { PgBoss: new (options: object) => Boss };
  bullmq: {
    Queue: new (name: string, options: object) => BullQueue;
    Worker: new (
      name: string,
      handler: () => Promise<void>,
      options: object,
    ) => { waitUntilReady(): Promise<unknown>; close(): Promise<unknown> };
  };
}

/**
 * The peers that this Node can run: graphile-worker 0.16 on Node 20, else what bench/peers holds. BullMQ needs
 * DARTWING_BENCH_REDIS_URL.
 */
export async function openPeers(url: string): Promise<Peer[]> {
  const folder = new URL('bench/peers/', pathToFileURL(`${process.cwd()}/`));
  const isNew = Number(process.versions.node.split('.')[0]) >= 22;
  if (!isNew || !existsSync(new URL('node_modules', folder))) {
    progress('peers: graphile-worker 0.16 only (the others need Node 22 and npm ci --prefix bench/peers)');
    return [await graphilePeer('graphile-worker 0.16', { Logger, makeWorkerUtils, run }, url, false)];
  }
  const modules = (await import(new URL('index.mjs', folder).href)) as Modules;
  const redis = process.env.DARTWING_BENCH_REDIS_URL;
  return [
    await graphilePeer('graphile-worker 0.18 tuned', modules.graphile, url, true),
    await bossPeer('pg-boss 12', modules.boss, url),
    ...(redis ? [bullPeer('BullMQ 6', modules.bullmq, redis)] : []),
  ];
}

async function graphilePeer(
  name: string,
  { Logger, makeWorkerUtils, run }: Graphile,
  url: string,
  isTuned: boolean,
): Promise<Peer> {
  const pool = new pg.Pool({ connectionString: url, max: 12 });
  for (const event of ['error', 'connect'] as const)
    pool.on(event, (told: Error | pg.PoolClient) => {
      if (!(told instanceof Error)) told.on('error', () => {});
    });
  // It tells of each job unless it is kept from that, and terminals are slow.
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  await utils.migrate();
  return {
    name,
    add: (n) => utils.addJob('noop', { n }),
    addMany: (count) =>
      pool.query(
        `select count(*) from graphile_worker.add_jobs(array(
          select json_populate_record(null::graphile_worker.job_spec, json_build_object('identifier', 'noop', 'payload', payload))
          from json_array_elements($1::json) as payload))`,
        [JSON.stringify(Array.from({ length: count }, (_, n) => ({ n })))],
      ),
    work: async (concurrency, onEnd) => {
      const tuning = {
        preset: {
          worker: {
            concurrentJobs: concurrency,
            localQueue: { size: concurrency + 1 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
            pollInterval: 2_000,
            maxPoolSize: 20,
          },
        },
      };
      const runner = await run({
        pgPool: pool,
        concurrency,
        noHandleSignals: true,
        logger,
        pollInterval: 1_000,
        taskList: { noop: onEnd },
        ...(isTuned ? tuning : {}),
      } as Parameters<typeof run>[0]);
      return () => runner.stop();
    },
    settle: () => pool.query('analyze graphile_worker._private_jobs'),
    clear: () => pool.query('truncate graphile_worker._private_jobs'),
    close: async () => {
      await utils.release();
      await pool.end();
    },
  };
}

async function bossPeer(name: string, { PgBoss }: Modules['boss'], url: string): Promise<Peer> {
  const boss = new PgBoss({
    connectionString: url,
    max: 20,
    schedule: false,
    supervise: false,
    useListenNotify: true,
  });
  boss.on('error', (error) => process.stderr.write(`${error.message}\n`));
  await boss.start();
  await boss.createQueue('noop', { notify: true });
  return {
    name,
    add: (n) => boss.send('noop', { n }),
    addMany: (count) =>
      boss.insert(
        'noop',
        Array.from({ length: count }, (_, n) => ({ data: { n } })),
      ),
    work: async (concurrency, onEnd) => {
      const options = {
        localConcurrency: Math.max(1, concurrency / 2),
        batchSize: 2,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 0.5,
      };
      await boss.work('noop', options, async (jobs) => {
        for (const _ of jobs) onEnd();
      });
      return () => boss.offWork('noop');
    },
    settle: () => boss.getDb().executeSql('analyze pgboss.job', []),
    clear: () => boss.deleteAllJobs('noop'),
    close: () => boss.stop({ graceful: false }),
  };
}

function bullPeer(name: string, { Queue, Worker }: Modules['bullmq'], redis: string): Peer {
  const connection = { url: redis };
  const queue = new Queue('noop', { connection, defaultJobOptions: { removeOnComplete: true } });
  return {
    name,
    add: (n) => queue.add('noop', { n }),
    addMany: (count) =>
      queue.addBulk(Array.from({ length: count }, (_, n) => ({ name: 'noop', data: { n } }))),
    work: async (concurrency, onEnd) => {
      const worker = new Worker('noop', async () => onEnd(), { connection, concurrency });
      await worker.waitUntilReady();
      return () => worker.close();
    },
    settle: async () => undefined,
    clear: () => queue.obliterate({ force: true }),
    close: () => queue.close(),
  };
}
