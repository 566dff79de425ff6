import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { temporaryFolder } from '../support/cli.js';
import { type CommandWorld, openCommandWorld, start } from './job-world.js';

// Each test runs the program many times.
vi.setConfig({ testTimeout: 90_000 });

/** What a project brings: work that lasts until a file is there or it is told to stop, quick work, work that fails. */
const moduleText = `
import { existsSync } from 'node:fs';
export default ({ jobs }) => {
  jobs.define('test.slow', {
    deduplicationMs: 0,
    handler: (input, job) => new Promise((resolve, reject) => {
      const look = setInterval(() => {
        if (!existsSync(input.until)) return;
        clearInterval(look);
        resolve();
      }, 20);
      job.signal.addEventListener('abort', () => {
        clearInterval(look);
        reject(job.signal.reason);
      });
    }),
  });
  jobs.define('test.quick', { deduplicationMs: 0, handler: () => ({ by: process.pid }) });
  jobs.define('test.broken', { deduplicationMs: 0, handler: () => { throw Object.assign(new Error('broken'), { permanent: true }); } });
};
`;

let world: CommandWorld;
beforeAll(async () => {
  world = await openCommandWorld();
});

function project(): Readonly<Record<string, string>> {
  const file = join(temporaryFolder(), 'jobs.mjs');
  writeFileSync(file, moduleText);
  return { ...world.operator.env, DARTWING_MODULES: file };
}

const running = async (id: string) => {
  for (let look = 0; look < 500; look++) {
    if ((await world.dartwing.jobs.show(id)).state === 'running') return;
    await setTimeout(20);
  }
  throw new Error(`${id} does not run`);
};

describe('dartwing worker', () => {
  test('drains on SIGTERM: finishes what runs, logs NDJSON, and says last how it ended', async () => {
    const env = project();
    const worker = start('worker --no-scheduler --id one', env);
    await worker.says('"msg":"ready"');
    const until = join(temporaryFolder(), 'enough');
    const { job } = await world.dartwing.jobs.submit('acme', 'test.slow', { until });
    await running(job.id);
    expect((await world.operator.ask('worker list')).document.items).toMatchObject([
      { name: 'one', state: 'alive', pid: worker.child.pid },
    ]);
    worker.child.kill('SIGTERM');
    await worker.says('"msg":"draining"');
    writeFileSync(until, '');
    const { stdout, stderr, code } = await worker.ended;
    expect(code).toBe(143);
    const exit = JSON.parse(stdout) as object;
    expect(schemas.WorkerExit!.safeParse(exit).error).toBeUndefined();
    expect(exit).toMatchObject({ reason: 'SIGTERM', completed: 1, released: 0, dead_letter: 0 });
    expect((await world.dartwing.jobs.show(job.id)).state).toBe('completed');
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; job?: string });
    expect(lines.map(({ msg }) => msg)).toEqual(['ready', 'draining', 'completed']);
    expect(lines[2]).toMatchObject({ job: job.id, type: 'test.slow', attempt: 1 });
    expect(await world.dartwing.jobs.workers()).toEqual([]);
  });

  test('puts back what runs at the second signal, and the next worker takes it without a lost attempt', async () => {
    const env = project();
    const worker = start('worker --no-scheduler --json', env);
    await worker.says('"msg":"ready"');
    const { job } = await world.dartwing.jobs.submit('acme', 'test.slow', { until: '/nowhere' });
    await running(job.id);
    worker.child.kill('SIGTERM');
    await worker.says('"msg":"draining"');
    worker.child.kill('SIGINT');
    const { stdout, code } = await worker.ended;
    expect({ code, exit: JSON.parse(stdout) }).toMatchObject({
      code: 143,
      exit: { reason: 'SIGTERM', completed: 0, released: 1 },
    });
    expect(await world.dartwing.jobs.show(job.id)).toMatchObject({ state: 'queued', retry_count: 0 });
    await world.dartwing.jobs.cancel(job.id);
  });

  test('--once ends when nothing is left, and is 6 when a job died', async () => {
    const env = project();
    const { jobs } = world.dartwing;
    await jobs.submitMany('acme', 'test.quick', [1, 2, 3]);
    expect(await world.operator.ask('worker --once', { env })).toMatchObject({
      code: 0,
      document: { kind: 'WorkerExit', reason: 'empty', completed: 3, failed: 0 },
    });
    await jobs.submit('globex', 'test.broken', {});
    const died = await world.operator.run('worker --once', { env });
    expect(died.code).toBe(6);
    expect(JSON.parse(died.stdout)).toMatchObject({ reason: 'empty', dead_letter: 1 });
    expect(died.stderr).toContain('"code":"Error","error":"broken"');
  });

  test('takes only the queues it is told to, in the slots it is told to', async () => {
    const env = project();
    await world.dartwing.jobs.submit('acme', 'test.quick', 4);
    const line = 'worker --once --queue critical,bulk --concurrency 2';
    expect((await world.operator.ask(line, { env })).document).toMatchObject({ completed: 0 });
    expect((await world.operator.ask('worker --once --queue default', { env })).document).toMatchObject({
      completed: 1,
    });
  });

  test('a module or a flag that cannot be used is told before anything runs', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'empty.mjs'), 'export const jobs = 1;\n');
    writeFileSync(join(folder, 'thrower.mjs'), 'throw new Error("no such luck");\n');
    writeFileSync(join(folder, 'dartwing.yaml'), 'modules: ./empty.mjs, ./thrower.mjs\n');
    const inFolder = { cwd: folder };
    expect(await world.operator.fail('worker --once', inFolder)).toMatchObject({
      code: 'BAD_FILE',
      message: 'Cannot use empty.mjs: its default export is no function',
    });
    const only = { env: { DARTWING_MODULES: 'thrower.mjs' }, ...inFolder };
    expect((await world.operator.fail('job types', only)).message).toContain('no such luck');
    expect(await world.operator.fail('worker --queue fast')).toMatchObject({
      code: 'QUEUE_NOT_FOUND',
      exit: 3,
    });
    expect(await world.operator.fail('worker --concurrency 0')).toMatchObject({ code: 'VALIDATION_ERROR' });
  });
});
