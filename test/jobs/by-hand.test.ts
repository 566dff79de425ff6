/** What operators do by hand to the whole installation: with rights, with an entry, and not under a dry run. */
import { beforeAll, describe, expect, it } from 'vitest';
import { PermanentJobError } from '../../src/core/index.js';
import { type JobWorld, openJobWorld, until, withWorker } from './world.js';

let world: JobWorld;
let runs = 0;

beforeAll(async () => {
  world = await openJobWorld();
  const { jobs } = world.dartwing;
  jobs.define('fine', { handler: () => {}, deduplicationMs: 0 });
  jobs.define('broken', {
    deduplicationMs: 0,
    handler: () => {
      throw new PermanentJobError('no');
    },
  });
  jobs.schedules.define('test.count', { cron: '0 0 1 1 *', run: async () => ({ runs: ++runs }) });
  for (const org of ['acme', 'globex']) await jobs.submitMany(org, 'broken', [1, 2]);
  await jobs.submitMany('acme', 'fine', [1, 2, 3]);
  await withWorker(world, {}, (worker) => worker.empty());
  await world.database.admin.query(
    "update job_history set ended_at = now() - interval '31 days' where state = 'completed'",
  );
});

const entries = async (action: string, organization = 'SYSTEM') =>
  (await world.dartwing.audit.query({ organization, action })).items.length;

describe('deleting old jobs', () => {
  it('is refused to members, and to nobody’s numbers', async () => {
    const { jobs, people } = world.dartwing;
    const member = await people.member.add('acme', 'bo@acme.test', 'Employee');
    const principal = { type: 'person' as const, id: member.after!.person };
    await expect(jobs.cleanup({}, { principal })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    for (const keptDays of [0, 1.5, -1, 4_000])
      await expect(jobs.cleanup({ keptDays })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    expect((await jobs.list({ state: 'completed' })).total).toBe(3);
  });

  it('counts under a dry run, deletes without one, and says who did it', async () => {
    const { jobs } = world.dartwing;
    expect(await jobs.cleanup({}, { dryRun: true })).toMatchObject({ jobs: 3, deleted: 0 });
    expect((await jobs.list({ state: 'completed' })).total).toBe(3);
    expect(await entries('job.cleanup')).toBe(0);
    expect(await jobs.cleanup({ keptDays: 60 })).toMatchObject({ jobs: 0 });
    expect(await jobs.cleanup()).toMatchObject({ jobs: 3 });
    expect((await jobs.list({ state: 'completed' })).total).toBe(0);
    expect(await entries('job.cleanup')).toBe(2);
  });
});

it('a schedule runs by hand with an entry, and not under a dry run', async () => {
  const { schedules } = world.dartwing.jobs;
  expect(await schedules.run('test.count', { dryRun: true })).toMatchObject({ last_at: null });
  expect(runs).toBe(0);
  expect(await schedules.run('test.count')).toMatchObject({ last_ok: true, last_outcome: { runs: 1 } });
  expect(await entries('schedule.run')).toBe(1);
});

it('a replay over all organizations binds each job to its own', async () => {
  const { deadLetters } = world.dartwing.jobs;
  const before = await entries('system.access');
  const { done, failed } = await deadLetters.replayMany({ type: 'broken' });
  expect([done.length, failed.length]).toEqual([4, 0]);
  // One look for the list; the replays themselves reach across nothing.
  expect((await entries('system.access')) - before).toBeLessThanOrEqual(3);
  for (const organization of [world.acme, world.globex])
    expect(await entries('job.replay', organization)).toBe(2);
});

it('a worker that is stopped twice at once puts back what runs without waiting', async () => {
  const { jobs } = world.dartwing;
  jobs.define('lasting', {
    handler: (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  });
  const worker = jobs.work({ drainMs: 25_000 });
  await worker.ready;
  const { job } = await jobs.submit('acme', 'lasting', {});
  await until(world, job.id, 'running');
  const startedAt = performance.now();
  const first = worker.stop();
  void worker.stop();
  expect((await first).released).toBe(1);
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  expect(await jobs.show(job.id)).toMatchObject({ state: 'queued', retry_count: 0 });
});
