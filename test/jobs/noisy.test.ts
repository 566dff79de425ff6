import { beforeAll, expect, it } from 'vitest';
import { type JobWorld, openJobWorld, withWorker } from './world.js';

let world: JobWorld;

beforeAll(async () => {
  world = await openJobWorld();
  world.dartwing.jobs.define('tick', {
    queue: 'critical',
    deduplicationMs: 0,
    handler: () => new Promise((resolve) => setTimeout(resolve, 2)),
  });
});

it('starts the jobs of a quiet organization past the backlog of a loud one, which keeps the rest of the slots', async () => {
  const { jobs } = world.dartwing;
  await jobs.submitMany(
    'acme',
    'tick',
    Array.from({ length: 800 }, (_, n) => ({ n })),
  );
  await withWorker(world, { queues: ['critical'], concurrency: 5 }, async (worker) => {
    for (let n = 0; n < 10; n++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await jobs.submit('globex', 'tick', { n });
    }
    await worker.empty();
  });
  // In jobs, not in milliseconds: how many of the loud one's began between a submission and its start.
  const { rows } = await world.database.admin.query<{ passed: number }>(
    `select (select count(*)::int from job_history a where a.organization = $1 and a.started_at between b.created_at and b.started_at) as passed
     from job_history b where b.organization = $2`,
    [world.acme, world.globex],
  );
  expect(rows).toHaveLength(10);
  const passed = rows.map((row) => row.passed).sort((a, b) => a - b);
  // In the order of arrival it would be all that is left, hundreds.
  expect(passed[5]).toBeLessThan(100);
  expect(passed[9]).toBeLessThan(300);
});

it('lets critical jobs flow while every other slot is taken', async () => {
  const { jobs } = world.dartwing;
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  jobs.define('long', { queue: 'bulk', deduplicationMs: 0, handler: () => gate });
  await jobs.queues.set('bulk', { perMinute: null });
  await jobs.submitMany(
    'acme',
    'long',
    Array.from({ length: 20 }, (_, n) => ({ n })),
  );
  await withWorker(world, {}, async (worker) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => jobs.submit('globex', 'tick', { n, late: true })),
    );
    const waits = async () =>
      (await jobs.list({ organization: 'globex', state: 'completed', limit: 50 })).total;
    while ((await waits()) < 10 + answers.length) await new Promise((resolve) => setTimeout(resolve, 20));
    // Of two bulk slots one stays free for others than acme.
    expect((await jobs.list({ type: 'long', state: 'running' })).total).toBe(1);
    release();
    await worker.empty();
  });
});
