import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { rowsHash } from '../support/operator.js';
import { type CommandWorld, openCommandWorld } from './job-world.js';

// Each test runs the program many times.
vi.setConfig({ testTimeout: 90_000 });

let world: CommandWorld;
beforeAll(async () => {
  world = await openCommandWorld();
});

interface Item {
  id: string;
  state: string;
  org: string;
}

describe('job', () => {
  test('submits once, shows, lists and follows to the end', async () => {
    const { operator, work } = world;
    const file = join(temporaryFolder(), 'input.json');
    writeFileSync(file, '{ "text": "hello" }');
    const line = `job submit note.write --org acme --data-file ${file} --priority high`;
    const dry = await operator.ask(`${line} --dry-run`);
    expect(dry.document).toMatchObject({ kind: 'Change', op: 'create', dry_run: true });
    expect((await world.dartwing.jobs.list({ organization: 'acme' })).total).toBe(0);

    const { document, code } = await operator.ask(line);
    const { id } = (document as unknown as { after: Item }).after;
    expect(code).toBe(0);
    expect(document).toMatchObject({ op: 'create', ref: `job/${id}`, after: { kind: 'Job', org: 'acme' } });
    expect(await operator.fail(line)).toMatchObject({
      code: 'JOB_DUPLICATE',
      exit: 5,
      message: expect.stringContaining(id),
    });
    expect((await operator.ask(`${line} --if-not-exists`)).document).toMatchObject({
      op: 'none',
      after: { id },
    });

    await work();
    const watched = await operator.ask(`job watch ${id}`);
    expect(watched).toMatchObject({ code: 0, document: { id, state: 'completed', progress: 100 } });
    const shown = await operator.ask(`job show ${id} --history --payload`);
    expect(shown.document).toMatchObject({ input: { text: 'hello' }, output: { written: true } });
    expect((shown.document.history as { to_state: string }[]).map(({ to_state }) => to_state)).toEqual([
      'pending',
      'queued',
      'running',
      'completed',
    ]);
    const text = await operator.run(`job show ${id} --history`);
    expect(text.stdout).toMatch(/^JOB-\d{4}-\d{5} {2}note\.write\n {2}Organization/);
    expect(text.stdout).toContain('running → completed');
    expect(text.stdout).not.toContain('hello');
    const list = await operator.ask('job list --type note.write --org acme');
    expect(list.document).toMatchObject({ total_count: 1, items: [{ id }] });
    expect((await operator.run('job list --all --field id')).stdout).toBe(`${id}\n`);
  });

  test('counts, tells types, and refuses a type that is disabled', async () => {
    const { operator } = world;
    expect((await operator.ask('job stats')).document).toMatchObject({ kind: 'JobMetrics' });
    expect((await operator.ask('job stats --by type')).document.kind).toBe('JobTypeRateList');
    expect(await operator.ask('job stuck --check')).toMatchObject({ code: 0, document: { items: [] } });
    const types = await operator.ask('job types');
    expect((types.document.items as { name: string }[]).map(({ name }) => name)).toEqual([
      'mail.send',
      'note.write',
      'operation.audit_verify',
      'operation.key_rotate',
      'operation.permission_rebuild',
      'operation.sync_compact',
      'token.health',
      'token.refresh',
      'webhook.handle',
    ]);
    expect(await operator.fail('job disable note.write')).toMatchObject({ code: 'CONFIRMATION_REQUIRED' });
    expect((await operator.ask('job disable note.write --yes')).document).toMatchObject({
      op: 'update',
      after: { is_enabled: false },
    });
    expect(await operator.fail('job submit note.write --org acme')).toMatchObject({
      code: 'JOB_TYPE_DISABLED',
      exit: 5,
    });
    expect((await operator.ask('job enable note.write')).document).toMatchObject({ op: 'update' });
  });

  test('cancels what it is given on stdin, and names what failed', async () => {
    const { operator, dartwing } = world;
    const jobs = await dartwing.jobs.submitMany('acme', 'mail.send', [{}, {}], {
      runAt: new Date(Date.now() + 3_600_000),
    });
    const ids = jobs.map(({ id }) => id);
    const before = await rowsHash(world.database);
    expect(await operator.fail(`job cancel ${ids[0]}`)).toMatchObject({ code: 'CONFIRMATION_REQUIRED' });
    expect(await rowsHash(world.database)).toBe(before);
    const { document, code } = await operator.ask('job cancel - --yes', {
      input: [...ids, 'JOB-2026-99999', ''].join('\n'),
    });
    expect(code).toBe(8);
    expect(document).toMatchObject({
      kind: 'Bulk',
      done: ids.map((ref) => ({ ref })),
      failed: [{ ref: 'JOB-2026-99999', error: { code: 'JOB_NOT_FOUND', exit: 3 } }],
      summary: { done: 2, failed: 1 },
    });
    expect(await operator.fail(`job cancel ${ids[0]} --yes`)).toMatchObject({ code: 'JOB_STATE', exit: 5 });
    expect(await operator.fail(`job replay ${ids[0]}`)).toMatchObject({ code: 'JOB_STATE', exit: 5 });
    expect(await operator.ask(`job watch ${ids[0]}`)).toMatchObject({
      code: 6,
      document: { state: 'canceled' },
    });
  });

  test('refuses what it cannot use', async () => {
    const lines = [
      ['job show JOB-2026-99999', 3, 'JOB_NOT_FOUND'],
      ['job submit note.wrote --org acme', 3, 'JOB_TYPE_UNKNOWN'],
      ['job submit note.write', 2, 'ORGANIZATION_REQUIRED'],
      ['job submit note.write --org acme --data-file /nowhere.json', 2, 'BAD_FILE'],
      ['job replay', 2, 'INPUT_REQUIRED'],
      ['job list --limit 0', 2, 'VALIDATION_ERROR'],
      ['job cleanup --older-than 90m', 2, 'VALIDATION_ERROR'],
      ['job cleanup', 2, 'CONFIRMATION_REQUIRED'],
    ] as const;
    await Promise.all(
      lines.map(async ([line, exit, code]) =>
        expect(await world.operator.fail(line)).toMatchObject({ code, exit }),
      ),
    );
    expect((await world.operator.ask('job cleanup --dry-run')).document).toMatchObject({
      kind: 'Bulk',
      summary: { done: 0, failed: 0 },
      dry_run: true,
    });
  });
});

describe('queue', () => {
  test('is paused with a reason, shown, set and resumed, with who and why in the trail', async () => {
    const { operator } = world;
    expect(await operator.fail('queue pause bulk --yes')).toMatchObject({ code: 'REASON_REQUIRED' });
    const paused = await operator.ask('queue pause bulk --for 10m --reason "year end" --yes');
    expect(paused.document).toMatchObject({
      op: 'update',
      ref: 'queue/bulk',
      after: { paused: true, paused_reason: 'year end' },
      undo: 'dartwing queue resume bulk',
    });
    expect((await operator.run('queue show bulk --field paused')).stdout).toBe('true\n');
    const several = await operator.ask('queue resume bulk default');
    expect(several.document).toMatchObject({ kind: 'Bulk', summary: { done: 2, failed: 0 } });
    const set = await operator.ask('queue set bulk --rate 2/s --per-org none --concurrency 3');
    expect(set.document.after).toMatchObject({ per_minute: 120, queued_max: null, concurrency: 3 });
    const audit = await operator.ask('audit query --org SYSTEM --action queue.pause');
    expect(audit.document.items).toMatchObject([
      { action: 'queue.pause', ref: 'Job Queue/bulk', reason: 'year end', via: 'cli' },
    ]);
  });

  test('is drained: paused, and nothing of it runs', async () => {
    const { operator } = world;
    expect((await operator.ask('queue drain critical --dry-run')).document).toMatchObject({ dry_run: true });
    expect((await operator.ask('queue drain critical --yes')).document).toMatchObject({
      kind: 'Operation',
      state: 'completed',
      result: { running: 0 },
    });
    expect((await operator.run('queue list --columns name,paused')).stdout).toBe(
      'critical\ttrue\ndefault\tfalse\nbulk\tfalse\n',
    );
    await operator.run('queue resume critical');
  });

  test('a backlog is 6 with --check', async () => {
    const { operator, dartwing } = world;
    await dartwing.jobs.submit('globex', 'note.write', { n: 1 });
    expect((await operator.ask('queue list --check')).code).toBe(0);
    expect((await operator.ask('queue list --check --max-depth 0')).code).toBe(6);
    expect(await operator.fail('queue show fast')).toMatchObject({ code: 'QUEUE_NOT_FOUND', exit: 3 });
    expect(await operator.fail('queue set bulk --rate many')).toMatchObject({ code: 'VALIDATION_ERROR' });
  });
});

describe('schedule', () => {
  test('is listed, run by hand, paused and resumed', async () => {
    const { operator } = world;
    const list = await operator.ask('schedule list');
    expect((list.document.items as { name: string }[]).map(({ name }) => name)).toContain('jobs.stuck');
    const ran = await operator.ask('schedule run jobs.stuck');
    expect(ran.document).toMatchObject({ kind: 'Schedule', last_ok: true, last_outcome: { buried: 0 } });
    expect((await operator.ask('schedule pause jobs.stuck')).document).toMatchObject({
      op: 'update',
      after: { paused: true, next_at: null },
    });
    expect((await operator.ask('schedule resume jobs.stuck')).document).toMatchObject({
      after: { paused: false },
    });
    expect(await operator.fail('schedule show jobs.stock')).toMatchObject({
      code: 'SCHEDULE_NOT_FOUND',
      exit: 3,
    });
  });
});
