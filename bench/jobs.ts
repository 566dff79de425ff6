/**
 * Jobs: throughput and submission beside graphile-worker 0.16, and how a quiet organization fares beside a loud one.
 * The newest graphile-worker needs a newer Node and is not compared with here.
 */
import { Logger, run, runMigrations } from 'graphile-worker';
import pg from 'pg';
import { createDartwing, type Dartwing } from '../src/core/index.js';
import {
  amountFigure,
  compare,
  type Figure,
  median,
  printReport,
  progress,
  ratioFigure,
  timed,
} from './measure.js';
import { withDatabase, withServer } from './server.js';

const jobs = 3_000;
const concurrency = 10;
const organizations = 20;

/** It tells of each job unless it is kept from that, and terminals are slow. */
const silent = new Logger(() => () => {});

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const figures = await withServer(false, (server) =>
    withDatabase(server, 'jobs', async (options, admin) => {
      const dartwing = await createDartwing({ ...options, background: false });
      const slugs: string[] = [];
      for (let n = 0; n < organizations; n++) {
        slugs.push(`org-${n}`);
        await dartwing.tenancy.create({ slug: slugs[n]!, type: 'company', owner: `ana@org-${n}.test` });
      }
      dartwing.jobs.define('noop', { queue: 'critical', deduplicationMs: 0, handler: () => undefined });
      dartwing.jobs.define('tick', {
        queue: 'critical',
        deduplicationMs: 0,
        handler: () => new Promise((resolve) => setTimeout(resolve, 5)),
      });
      await runMigrations({ connectionString: options.url });
      const pool = new pg.Pool({ connectionString: options.url, max: 12 });
      try {
        return [
          ...(await throughput(dartwing, slugs, pool, admin)),
          ...(await submission(dartwing, slugs, pool, admin)),
          ...(await neighbours(dartwing, slugs, admin)),
        ];
      } finally {
        await pool.end();
        await dartwing.close();
      }
    }),
  );
  const notes = [
    `${jobs} no-op jobs of ${organizations} organizations, ${concurrency} slots, one process; ours writes the history and checks tenants, the other deletes.`,
    'Commits do not wait for the disk. graphile-worker 0.16 with its defaults; 0.18 is several times faster than 0.16 and needs Node 22.',
    `Neighbours: one organization has 6,000 jobs of 5 ms waiting, another submits one every 100 ms; the ceiling is ${(concurrency * 1_000) / 5} jobs/s.`,
  ];
  printReport({ bench: 'jobs', figures, notes }, json);
}

/** Time from the start of a worker that stands ready to the end of the last of the waiting jobs. */
async function throughput(
  dartwing: Dartwing,
  slugs: string[],
  pool: pg.Pool,
  admin: pg.Client,
): Promise<Figure[]> {
  progress('throughput');
  const theirs = async () => {
    await addTheirs(pool, jobs);
    let left = jobs;
    let finish = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const started = performance.now();
    const runner = await run({
      pgPool: pool,
      concurrency,
      noHandleSignals: true,
      logger: silent,
      pollInterval: 1_000,
      taskList: {
        noop: () => {
          left -= 1;
          if (left === 0) finish();
        },
      },
    });
    await done;
    const ms = performance.now() - started;
    await runner.stop();
    return ms;
  };
  const ours = async () => {
    await addOurs(dartwing, slugs, 'noop', jobs);
    let left = jobs;
    let finish = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const unhear = dartwing.jobs.observe(({ event }) => {
      if (event === 'completed' && --left === 0) finish();
    });
    const started = performance.now();
    const worker = dartwing.jobs.work({ queues: ['critical'], concurrency });
    await done;
    const ms = performance.now() - started;
    unhear();
    await worker.stop();
    await admin.query('truncate job_history');
    return ms;
  };
  const compared = await compare(theirs, ours, { count: 7, warmups: 1 });
  return [
    ratioFigure(`${jobs} no-op jobs against graphile-worker 0.16`, compared, 0.83),
    amountFigure('no-op jobs a second', (jobs * 1_000) / compared.measured, 'jobs/s'),
  ];
}

async function submission(
  dartwing: Dartwing,
  slugs: string[],
  pool: pg.Pool,
  admin: pg.Client,
): Promise<Figure[]> {
  progress('submission');
  const clean = async () => {
    await admin.query('truncate job, job_history, graphile_worker._private_jobs');
  };
  const batch = await compare(
    timed(() => addTheirs(pool, 1_000)),
    timed(() => addOurs(dartwing, slugs.slice(0, 1), 'noop', 1_000)),
    { count: 9 },
  );
  await clean();
  const singles = 100;
  const single = await compare(
    timed(async () => {
      for (let n = 0; n < singles; n++)
        await pool.query("select graphile_worker.add_job('noop', $1::json)", [JSON.stringify({ n })]);
    }),
    timed(async () => {
      for (let n = 0; n < singles; n++) await dartwing.jobs.submit(slugs[0]!, 'noop', { n });
    }),
    { count: 7, warmups: 1 },
  );
  await clean();
  return [
    ratioFigure('1,000 jobs in one batch against add_jobs', batch, 1),
    ratioFigure(`${singles} single jobs against add_job`, single, 0.5),
  ];
}

/** A quiet organization beside a loud one, and alone. */
async function neighbours(dartwing: Dartwing, slugs: string[], admin: pg.Client): Promise<Figure[]> {
  progress('neighbours');
  const worker = dartwing.jobs.work({ queues: ['critical'], concurrency });
  await worker.ready;
  const waitsOf = async () => {
    const { rows } = await admin.query<{ ms: number }>(
      `select (extract(epoch from h.started_at - h.created_at) * 1000)::float8 as ms from job_history h
       join organization o on o.id = h.organization where o.slug = $1`,
      [slugs[1]],
    );
    return rows.map(({ ms }) => ms).sort((a, b) => a - b);
  };
  const quiet = async (count: number) => {
    for (let n = 0; n < count; n++) {
      await dartwing.jobs.submit(slugs[1]!, 'tick', { n });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await quiet(20);
  const alone = await waitsOf();
  await admin.query('truncate job_history');
  await addOurs(dartwing, slugs.slice(0, 1), 'tick', 6_000);
  const started = performance.now();
  await quiet(25);
  const { rows } = await admin.query<{ count: number }>('select count(*)::int as count from job_history');
  const perSecond = (rows[0]!.count * 1_000) / (performance.now() - started);
  const beside = await waitsOf();
  await admin.query('delete from job where state = $1', ['queued']);
  await worker.stop();
  const ceiling = (concurrency * 1_000) / 5;
  return [
    amountFigure('start of a job on an idle worker, median', median(alone), 'ms', { atMost: 10 }),
    amountFigure('start beside the loud one, median', median(beside), 'ms'),
    amountFigure('start beside the loud one, slowest of 25', beside.at(-1)!, 'ms', { atMost: 50 }),
    amountFigure('share of the ceiling while both work', perSecond / ceiling, '', { atLeast: 0.9 }),
  ];
}

async function addTheirs(pool: pg.Pool, count: number): Promise<void> {
  const text = `select count(*) from graphile_worker.add_jobs(array(
    select json_populate_record(null::graphile_worker.job_spec, json_build_object('identifier', 'noop', 'payload', payload))
    from json_array_elements($1::json) as payload))`;
  await pool.query(text, [JSON.stringify(Array.from({ length: count }, (_, n) => ({ n })))]);
}

async function addOurs(
  dartwing: Dartwing,
  slugs: readonly string[],
  type: string,
  count: number,
): Promise<void> {
  const share = Math.ceil(count / slugs.length);
  for (const slug of slugs) {
    for (let first = 0; first < share; first += 1_000) {
      const size = Math.min(1_000, share - first);
      await dartwing.jobs.submitMany(
        slug,
        type,
        Array.from({ length: size }, (_, n) => ({ n: first + n })),
      );
    }
  }
}
