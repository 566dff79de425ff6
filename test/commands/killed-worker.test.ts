/** A worker process that is killed in the middle of a job, as the operating system does it: nothing is told to anybody. */
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../jobs/world.js';
import { temporaryFolder } from '../support/cli.js';
import { openCommandWorld, start } from './job-world.js';

const moduleText = `
import { appendFileSync, existsSync } from 'node:fs';
export default ({ jobs }) => jobs.define('test.first_hangs', {
  deduplicationMs: 0,
  handler: async ({ begun }) => {
    const isFirst = !existsSync(begun);
    appendFileSync(begun, process.pid + '\\n');
    if (isFirst) await new Promise((resolve) => setTimeout(resolve, 600_000));
    return { by: process.pid };
  },
});
`;

test('a job of a killed worker runs again within 25 s, with another worker', {
  timeout: 90_000,
}, async () => {
  const { operator, dartwing } = await openCommandWorld();
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'jobs.mjs'), moduleText);
  const env = { ...operator.env, DARTWING_MODULES: join(folder, 'jobs.mjs') };
  const begun = join(folder, 'begun');
  dartwing.jobs.define('test.first_hangs', { deduplicationMs: 0, handler: () => null });
  const victim = start('worker --no-scheduler --id victim', env);
  const { job } = await dartwing.jobs.submit('acme', 'test.first_hangs', { begun });
  await eventually(async () => existsSync(begun) || undefined, 'the job to begin');

  start('worker --no-scheduler --id heir', env);
  await eventually(
    async () => ((await dartwing.jobs.workers()).some(({ name }) => name === 'heir') ? true : undefined),
    'the other worker',
  );
  const gone = once(victim.child, 'exit');
  victim.child.kill('SIGKILL');
  await gone;
  const killedAt = performance.now();
  const done = await eventually(
    async () => {
      const now = await dartwing.jobs.show(job.id);
      return now.state === 'completed' ? now : undefined;
    },
    'the job to be completed',
    40_000,
  );
  expect(performance.now() - killedAt).toBeLessThan(25_000);
  const [first, second, ...more] = readFileSync(begun, 'utf8').trim().split('\n').map(Number);
  expect(first).toBe(victim.child.pid);
  expect(done).toMatchObject({ attempt: 2, output: { by: second } });
  expect(second).not.toBe(first);
  expect(more).toEqual([]);
});
