/**
 * Jobs with a large backlog, and while a transaction elsewhere keeps the database from cleaning up: neither may make
 * taking jobs slower. Full size by DARTWING_BENCH_FULL=1.
 */
import pg from 'pg';
import { addJobs, type BenchWorld, countdown, fillCrowd, withJobs, workOff } from './job-world.js';
import { amountFigure, type Figure, median, printReport, progress } from './measure.js';

const isFull = process.env.DARTWING_BENCH_FULL !== undefined;
const backlog = isFull ? 1_000_000 : 100_000;
const crowds = isFull ? [1, 100, 10_000] : [1, 100, 1_000];
const window = isFull ? 20_000 : 3_000;
const slots = 10;

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const figures = await withJobs(1, async (world) => {
    const all: Figure[] = [];
    for (const organizations of crowds) all.push(await behind(world, organizations));
    all.push(await beside(world));
    return all;
  });
  const notes = [
    `No-op jobs, one process, ${slots} slots. Rates with a backlog of ${backlog} jobs as a share of the rate with ${window} jobs and no backlog, in turns.`,
    `Held transaction: six windows of ${window} jobs, the last as a share of the first. Commits do not wait for the disk.`,
  ];
  printReport({ bench: 'jobs-scale', figures, notes }, json);
}

/** Jobs a second of a worker that has more to do than it can, after it has found its pace. */
async function rateOf(world: BenchWorld): Promise<number> {
  const warm = window / 5;
  let started = 0;
  let ended = 0;
  const { hear, done } = countdown(window);
  const unhear = world.dartwing.jobs.observe(({ event }) => {
    if (event !== 'completed') return;
    ended += 1;
    if (ended === warm) started = performance.now();
    hear();
  });
  const worker = world.dartwing.jobs.work({ queues: ['critical'], concurrency: slots });
  await done;
  const ms = performance.now() - started;
  unhear();
  await worker.stop();
  return ((window - warm) * 1_000) / ms;
}

async function behind(world: BenchWorld, organizations: number): Promise<Figure> {
  progress(`a backlog of ${backlog} in ${organizations} organizations`);
  const { admin } = world;
  await fillCrowd(world, organizations, backlog / organizations);
  // Kept aside while the other side runs.
  await admin.query('create table waiting as select * from job');
  const shares: number[] = [];
  for (let pair = 0; pair < 3; pair++) {
    await admin.query('truncate job, job_history');
    // Of the same organizations: a claim from many lines costs more than one from a few.
    await admin.query(
      `insert into job select * from waiting
         order by row_number() over (partition by organization order by number), organization limit $1`,
      [2 * window],
    );
    await admin.query('analyze job');
    const without = await rateOf(world);
    await admin.query('truncate job, job_history');
    await admin.query('insert into job select * from waiting');
    await admin.query('analyze job');
    shares.push((await rateOf(world)) / without);
  }
  await admin.query('drop table waiting');
  await admin.query('truncate job, job_history');
  return amountFigure(`rate with a backlog in ${organizations} organizations`, median(shares), '', {
    atLeast: 0.9,
  });
}

/** A forgotten transaction holds the horizon while jobs come and go. */
async function beside(world: BenchWorld): Promise<Figure> {
  progress('a transaction held open');
  const forgotten = new pg.Client({ connectionString: world.options.url });
  await forgotten.connect();
  await forgotten.query('begin isolation level repeatable read');
  await forgotten.query('select count(*), txid_current() from pg_class');
  const rates: number[] = [];
  for (let n = 0; n < 6; n++) {
    await addJobs(world, world.slugs, 'noop', window);
    rates.push(1 / (await workOff(world, window, slots)));
  }
  await forgotten.end();
  await world.admin.query('truncate job, job_history');
  return amountFigure('last of six windows beside a held transaction', rates.at(-1)! / rates[0]!, '', {
    atLeast: 0.7,
  });
}
