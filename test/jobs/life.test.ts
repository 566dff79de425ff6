import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type JobWorld, openJobWorld, until, withWorker } from './world.js';

let world: JobWorld;

beforeAll(async () => {
  world = await openJobWorld();
  world.dartwing.jobs.define('echo', {
    input: z.object({ text: z.string() }),
    handler: async ({ text }, job) => {
      job.progress(50, 'half');
      return { text, organization: job.organization };
    },
  });
});

describe('a job', () => {
  it('is queued, runs and is completed with its output', async () => {
    const { job, created } = await world.dartwing.jobs.submit('acme', 'echo', { text: 'hello' });
    expect(job).toMatchObject({ kind: 'Job', org: 'acme', state: 'queued', queue: 'default', type: 'echo' });
    expect(created).toBe(true);
    expect(job.id).toMatch(/^JOB-\d{4}-\d{5,}$/);
    const done = await withWorker(world, {}, () => until(world, job.id, 'completed'));
    expect(done).toMatchObject({
      state: 'completed',
      progress: 100,
      output: { text: 'hello', organization: world.acme },
    });
    const { items } = await world.dartwing.jobs.history(job.id);
    expect(items.map(({ from_state, to_state }) => `${from_state} ${to_state}`)).toEqual([
      'null pending',
      'pending queued',
      'queued running',
      'running completed',
    ]);
  });
});
