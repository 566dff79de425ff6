import { beforeAll, expect, it } from 'vitest';
import { createDartwing } from '../../src/core/index.js';
import { startProxy } from '../support/proxy.js';
import { eventually, type JobWorld, openJobWorld, until } from './world.js';

let world: JobWorld;

beforeAll(async () => {
  world = await openJobWorld();
});

it('puts back what a claim took whose answer never came', async () => {
  const { jobs } = world.dartwing;
  jobs.define('work', { deduplicationMs: 0, handler: () => 'ok' });
  const proxy = await startProxy(world.options.url);
  const remote = await createDartwing({ ...world.options, url: proxy.through(world.options.url) });
  remote.jobs.define('work', { deduplicationMs: 0, handler: () => 'ok' });
  const worker = remote.jobs.work({ queues: ['default'] });
  try {
    await worker.ready;
    // The claim is committed, and the line is cut before the worker hears of it.
    proxy.cutAt('commit', { delivered: true });
    const { job } = await jobs.submit('acme', 'work');
    await until(world, job.id, 'completed');
    await eventually(async () => (proxy.cuts === 1 ? true : undefined), 'the line to be cut');
    const { rows } = await world.database.admin.query("select from job where state = 'running'");
    expect(rows).toEqual([]);
  } finally {
    await worker.stop();
    await remote.close();
  }
}, 60_000);
