/**
 * Fairness of jobs: how a quiet organization fares beside loud ones, how evenly equals are served, and what limits hold.
 * No other free queue has organizations, so these are amounts, and shares of what the slots could do at most.
 */
import { addJobs, type BenchWorld, fillCrowd, withJobs } from './job-world.js';
import { amountFigure, type Figure, median, printReport, progress } from './measure.js';

const isFull = process.env.DARTWING_BENCH_FULL !== undefined;
/** Only the scenes that are named, where some are. */
const wanted = process.env.DARTWING_BENCH_SCENES?.split(',');
const slots = 10;
const crowd = isFull ? 10_000 : 1_000;

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const figures = await withJobs(21, async (world) => {
    const all: Figure[] = [];
    for (const scene of [neighbours, longJobs, equals, caps, newcomer]) {
      if (wanted !== undefined && !wanted.includes(scene.name)) continue;
      all.push(...(await scene(world)));
      await world.admin.query('truncate job, job_history, job_dead_letter');
    }
    return all;
  });
  const notes = [
    `One process, ${slots} slots; the ceiling is what the same slots do with timers alone in the same minute.`,
    `Neighbours: one organization has ${isFull ? '50,000' : '15,000'} jobs of 5 ms waiting, another submits one every 100 ms.`,
    'Commits do not wait for the disk.',
  ];
  printReport({ bench: 'jobs-fair', figures, notes }, json);
}

/** Jobs a second that the slots end when nothing but the timers of their jobs takes time. */
async function ceilingOf(ms: number): Promise<number> {
  const until = performance.now() + 2_000;
  let count = 0;
  const slot = async () => {
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: slots }, slot));
  return count / 2;
}

/** Milliseconds from submission to start, of jobs that were completed, sorted. */
async function waitsOf({ admin }: BenchWorld, slug: string): Promise<number[]> {
  const { rows } = await admin.query<{ ms: number }>(
    `select (extract(epoch from h.started_at - h.created_at) * 1000)::float8 as ms from job_history h
     join organization o on o.id = h.organization where o.slug = $1 order by 1`,
    [slug],
  );
  return rows.map(({ ms }) => ms);
}

async function submitEvery(
  world: BenchWorld,
  slug: string,
  type: string,
  count: number,
  ms: number,
): Promise<void> {
  for (let n = 0; n < count; n++) {
    await world.dartwing.jobs.submit(slug, type, { n });
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

async function endedOf({ admin }: BenchWorld): Promise<number> {
  const { rows } = await admin.query<{ count: number }>('select count(*)::int as count from job_history');
  return rows[0]!.count;
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** A quiet organization beside a loud one, and alone. */
async function neighbours(world: BenchWorld): Promise<Figure[]> {
  progress('neighbours');
  const [loud, quiet] = world.slugs as [string, string];
  const worker = world.dartwing.jobs.work({ queues: ['critical'], concurrency: slots });
  await worker.ready;
  await submitEvery(world, quiet, 'tick', 40, 50);
  const alone = await waitsOf(world, quiet);
  await world.admin.query('truncate job_history');
  const before = await ceilingOf(5);
  await addJobs(world, [loud], 'tick', isFull ? 50_000 : 15_000);
  const [ended, started] = [await endedOf(world), performance.now()];
  await submitEvery(world, quiet, 'tick', isFull ? 150 : 50, 100);
  const perSecond = (((await endedOf(world)) - ended) * 1_000) / (performance.now() - started);
  const beside = await waitsOf(world, quiet);
  await world.admin.query("delete from job where state = 'queued'");
  await worker.stop();
  const ceiling = (before + (await ceilingOf(5))) / 2;
  return [
    amountFigure('start of a job on an idle worker, median', median(alone), 'ms', { atMost: 10 }),
    amountFigure('start beside the loud one, median', median(beside), 'ms'),
    amountFigure('start beside the loud one, 99 of 100', percentile(beside, 0.99), 'ms', { atMost: 50 }),
    amountFigure('share of the ceiling while both work', perSecond / ceiling, '', { atLeast: 0.9 }),
  ];
}

/** Every slot could be taken for a second. */
async function longJobs(world: BenchWorld): Promise<Figure[]> {
  progress('long jobs');
  const [loud, quiet] = world.slugs as [string, string];
  const worker = world.dartwing.jobs.work({ queues: ['critical'], concurrency: slots });
  await worker.ready;
  await addJobs(world, [loud], 'slow', 200);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await submitEvery(world, quiet, 'tick', isFull ? 100 : 40, 100);
  const waits = await waitsOf(world, quiet);
  await world.admin.query("delete from job where state = 'queued'");
  await worker.stop();
  return [
    amountFigure('start beside jobs of 1 s in every slot, median', median(waits), 'ms'),
    amountFigure('the same, 99 of 100', percentile(waits, 0.99), 'ms', { atMost: 150 }),
  ];
}

/** Twenty organizations with backlogs of all sizes and the same right. */
async function equals(world: BenchWorld): Promise<Figure[]> {
  progress('equals');
  const slugs = world.slugs.slice(0, 20);
  for (const [n, slug] of slugs.entries())
    await addJobs(world, [slug], 'tick', n === 0 ? 8_000 : n < 5 ? 3_000 : 800);
  const worker = world.dartwing.jobs.work({ queues: ['critical'], concurrency: slots });
  await worker.ready;
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const { rows } = await world.admin.query<{ count: number }>(
    'select count(*)::int as count from job_history group by organization',
  );
  await world.admin.query("delete from job where state = 'queued'");
  await worker.stop();
  const counts = rows.map(({ count }) => count);
  const sum = counts.reduce((a, b) => a + b, 0);
  const jain = sum ** 2 / (slugs.length * counts.reduce((a, b) => a + b ** 2, 0));
  return [amountFigure("Jain's index of 20 equals with unequal backlogs", jain, '', { atLeast: 0.99 })];
}

/** An organization that may run five jobs, of 20 ms each, and four workers that could run ten each. */
async function caps(world: BenchWorld): Promise<Figure[]> {
  progress('caps');
  const [slug] = world.slugs as [string];
  const cap = 5;
  await world.dartwing.jobs.queues.limit(slug, 'critical', { runningMax: cap });
  // More than they can do while it is watched.
  await addJobs(world, [slug], 'call', 2_000);
  const before = await ceilingOf(20);
  const workers = Array.from({ length: 4 }, () =>
    world.dartwing.jobs.work({ queues: ['critical'], concurrency: slots }),
  );
  await Promise.all(workers.map(({ ready }) => ready));
  let most = 0;
  const started = performance.now();
  const first = await endedOf(world);
  while (performance.now() - started < 4_000) {
    const { rows } = await world.admin.query<{ count: number }>(
      "select count(*)::int as count from job where state = 'running'",
    );
    most = Math.max(most, rows[0]!.count);
    // Looking costs the server a core that the workers need.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const perSecond = (((await endedOf(world)) - first) * 1_000) / (performance.now() - started);
  await world.admin.query("delete from job where state = 'queued'");
  await Promise.all(workers.map((worker) => worker.stop()));
  await world.dartwing.jobs.queues.limit(slug, 'critical', { runningMax: null });
  return [
    amountFigure('most running at once where five may', most, 'jobs', { atMost: cap }),
    amountFigure('share of what five slots could do', perSecond / ((before * cap) / slots), '', {
      atLeast: 0.8,
    }),
  ];
}

/**
 * Organizations without work among very many with backlogs. A new one each time: one that came again before the others had
 * their turn would ask for more than its share, and wait by right.
 */
async function newcomer(world: BenchWorld): Promise<Figure[]> {
  progress('newcomer');
  const [, ...quiet] = world.slugs;
  await fillCrowd(world, crowd, 20, 'tick');
  const worker = world.dartwing.jobs.work({ queues: ['critical'], concurrency: slots });
  await worker.ready;
  for (const slug of quiet) await submitEvery(world, slug, 'tick', 1, 100);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const waits: number[] = [];
  for (const slug of quiet) waits.push(...(await waitsOf(world, slug)));
  waits.sort((a, b) => a - b);
  await world.admin.query("delete from job where state = 'queued'");
  await worker.stop();
  return [
    amountFigure(`newcomers that started at once, of ${quiet.length}`, waits.length, '', {
      atLeast: quiet.length,
    }),
    amountFigure(`start of a new one among ${crowd} with backlogs, median`, median(waits), 'ms'),
    amountFigure('the same, 99 of 100', percentile(waits, 0.99), 'ms', { atMost: 100 }),
  ];
}
