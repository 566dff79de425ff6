/**
 * Jobs: throughput and submission beside other queues. On Node 20 that is graphile-worker 0.16; on Node 22 or later, with
 * `npm ci --prefix bench/peers`, graphile-worker 0.18 tuned, pg-boss 12 and, with DARTWING_BENCH_REDIS_URL, BullMQ.
 */
import { openPeers, type Peer } from './job-peers.js';
import { addJobs, type BenchWorld, countdown, withJobs, workOff } from './job-world.js';
import { amountFigure, compare, type Figure, printReport, progress, ratioFigure, timed } from './measure.js';

const isFull = process.env.DARTWING_BENCH_FULL !== undefined;
const jobs = isFull ? 20_000 : 4_000;
const organizations = 20;

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const figures = await withJobs(organizations, async (world) => {
    const peers = await openPeers(world.options.url!);
    const all: Figure[] = [];
    try {
      for (const [place, peer] of peers.entries()) {
        // The first is the one that is to be beaten; the others are there to see.
        all.push(...(await throughput(world, peer, place === 0)));
        all.push(...(await submission(world, peer, place === 0)));
      }
    } finally {
      for (const peer of peers) await peer.close();
    }
    return all;
  });
  const notes = [
    `${jobs} no-op jobs of ${organizations} organizations, one process; ours checks tenants and writes the history, graphile-worker deletes.`,
    'Commits do not wait for the disk. Ratios of time: below 1 ours is faster. Single submissions begin after 1,000 of each side.',
  ];
  printReport({ bench: 'jobs', figures, notes }, json);
}

/** Time from the start of a worker to the end of the last of the waiting jobs. */
async function throughput(world: BenchWorld, peer: Peer, counts: boolean): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const concurrency of [10, 100]) {
    progress(`${peer.name}: ${jobs} jobs, ${concurrency} slots`);
    const theirs = async () => {
      for (let added = 0; added < jobs; added += 1_000) await peer.addMany(1_000);
      await peer.settle();
      const { hear, done } = countdown(jobs);
      const started = performance.now();
      const stop = await peer.work(concurrency, hear);
      await done;
      const ms = performance.now() - started;
      await stop();
      await peer.clear();
      return ms;
    };
    const ours = async () => {
      await addJobs(world, world.slugs, 'noop', jobs);
      await world.admin.query('analyze job');
      const ms = await workOff(world, jobs, concurrency);
      await world.admin.query('truncate job_history');
      return ms;
    };
    const compared = await compare(theirs, ours, { count: 7, warmups: 1 });
    const what = `${jobs} no-op jobs, ${concurrency} slots, against ${peer.name}`;
    figures.push(
      ratioFigure(what, compared, counts ? 0.83 : undefined),
      amountFigure('  jobs a second', (jobs * 1_000) / compared.measured, 'jobs/s'),
    );
  }
  return figures;
}

async function submission(world: BenchWorld, peer: Peer, counts: boolean): Promise<Figure[]> {
  const { dartwing, slugs, admin } = world;
  progress(`${peer.name}: submission`);
  const clean = async () => {
    await admin.query('truncate job, job_history');
    await peer.clear();
  };
  const batch = await compare(
    timed(() => peer.addMany(1_000)),
    timed(() => addJobs(world, slugs.slice(0, 1), 'noop', 1_000)),
    { count: 15 },
  );
  await clean();
  const singles = 200;
  const single = await compare(
    timed(async () => {
      for (let n = 0; n < singles; n++) await peer.add(n);
    }),
    timed(async () => {
      for (let n = 0; n < singles; n++) await dartwing.jobs.submit(slugs[0]!, 'noop', { n });
    }),
    { count: 9, warmups: 5 },
  );
  await clean();
  const together = 10;
  const producers = await compare(
    timed(() => inParallel(together, singles / 2, (n) => peer.add(n))),
    timed(() => inParallel(together, singles / 2, (n) => dartwing.jobs.submit(slugs[0]!, 'noop', { n }))),
    { count: 7, warmups: 1 },
  );
  await clean();
  return [
    ratioFigure(`1,000 jobs in one batch against ${peer.name}`, batch, counts ? 1 : undefined),
    ratioFigure(`${singles} single jobs against ${peer.name}`, single, counts ? 0.5 : undefined),
    ratioFigure(`${together} producers against ${peer.name}`, producers, counts ? 0.5 : undefined),
  ];
}

async function inParallel(
  producers: number,
  count: number,
  add: (n: number) => Promise<unknown>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: producers }, async () => {
      for (let n = 0; n < count; n++) await add(n);
    }),
  );
}
