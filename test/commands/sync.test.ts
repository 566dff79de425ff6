import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import { errorEvent, program, run, temporaryFolder } from '../support/cli.js';
import { createTestDatabase, testOptions } from '../support/database.js';
import { masterKey } from '../support/server.js';

let env: Record<string, string>;
let other: Dartwing;

beforeAll(async () => {
  const database = await createTestDatabase();
  env = { DARTWING_URL: database.url, DARTWING_MASTER_KEY: masterKey, DARTWING_ORG: 'acme' };
  const dartwing = await createDartwing(testOptions(database));
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  other = dartwing;
  return () => dartwing.close();
});

const lines = (operations: readonly object[]) => operations.map((each) => JSON.stringify(each)).join('\n');
const event = { doctype: 'Calendar Event', name: 'e' };

describe('sync', () => {
  test('says what a simulation lacks before it starts anything', async () => {
    const simulate = ['sync', 'simulate', '--json'];
    const nothing = await run(simulate, { env });
    expect([nothing.code, errorEvent(nothing.stderr).code]).toEqual([2, 'INPUT_REQUIRED']);
    const input = JSON.stringify({ edits: [{ device: 'tablet', doctyp: 'Task', name: 'none' }] });
    const wrong = await run([...simulate, '-f', '-'], { env, input });
    expect([wrong.code, errorEvent(wrong.stderr).code]).toEqual([2, 'VALIDATION_ERROR']);
  });

  test('leaves no server of a simulation that is killed', async () => {
    const folder = temporaryFolder();
    // Where the account of the server cannot go, the cluster would be kept elsewhere.
    chmodSync(folder, 0o755);
    const child = spawn(
      process.execPath,
      [program, 'sync', 'simulate', '--seed', '1', '--histories', '10000'],
      { env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TMPDIR: folder }, stdio: 'ignore' },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    const servers = () =>
      readdirSync(folder, { recursive: true })
        .map(String)
        .filter((file) => basename(file) === 'postmaster.pid')
        .map((file) => join(folder, file));
    await expect.poll(() => servers().length, { timeout: 30_000 }).toBe(1);
    const pid = Number(readFileSync(servers()[0]!, 'utf8').split('\n')[0]);
    await setTimeout(3_000);
    expect(child.exitCode).toBeNull();
    child.kill('SIGKILL');
    const lives = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    await expect.poll(lives, { timeout: 15_000 }).toBe(false);
    await expect.poll(() => readdirSync(folder), { timeout: 5_000 }).toEqual([]);
  }, 60_000);

  test('pushes a file, tells of the conflict, and the conflict is decided', async () => {
    const file = join(temporaryFolder(), 'operations.ndjson');
    const data = { subject: 'A', starts_at: '2026-12-01T10:00:00Z' };
    writeFileSync(
      file,
      lines([
        { op: 'insert', ...event, data },
        { op: 'update', ...event, data: { subject: 'B' } },
      ]),
    );
    const pushed = await run(['sync', 'push', '-f', file, '--client', 'desk', '--json'], { env });
    expect(pushed.code, pushed.stderr).toBe(0);
    expect(schemas.Bulk!.parse(JSON.parse(pushed.stdout))).toMatchObject({ summary: { done: 2, failed: 0 } });

    const stale = lines([{ op: 'update', ...event, base_version: 1, data: { subject: 'C' } }]);
    const met = await run(['sync', 'push', '-f', '-', '--client', 'phone'], { env, input: stale });
    expect(met.code, met.stderr).toBe(8);

    const list = await run(['conflict', 'list', '--json'], { env });
    const { items } = schemas.ConflictList!.parse(JSON.parse(list.stdout)) as { items: { id: string }[] };
    expect(items).toHaveLength(1);
    const shown = await run(['conflict', 'show', items[0]!.id, '--json'], { env });
    expect(schemas.Conflict!.parse(JSON.parse(shown.stdout))).toMatchObject({
      base: { subject: 'A' },
      server: { subject: 'B' },
      client: { subject: 'C' },
    });
    const resolve = ['conflict', 'resolve', items[0]!.id, '--take', 'client', '--reason', 'asked'];
    expect((await run(resolve, { env })).code).toBe(0);
    const again = await run([...resolve, '--json'], { env });
    expect([again.code, errorEvent(again.stderr).code]).toEqual([5, 'CONFLICT_RESOLVED']);

    const fed = await run(['sync', 'feed', '--entity', 'Calendar Event', '-o', 'ndjson'], { env });
    const rows = fed.stdout
      .trimEnd()
      .split('\n')
      .map((line) => schemas.FeedRow!.parse(JSON.parse(line)));
    expect(rows).toMatchObject([{ name: 'e', version: 3, data: { subject: 'C' } }, { has_more: false }]);
    const feed = ['sync', 'feed', '--entity', 'Calendar Event', '-o', 'ndjson'];
    const recent = await run([...feed, '--since', '-10m'], { env });
    expect(recent.stdout.split('\n')[0]).toContain('"version":3');
    const nowhere = await run([...feed, '--since', 'yesterday'], { env });
    expect([nowhere.code, errorEvent(nowhere.stderr).code]).toEqual([2, 'SYNC_CURSOR_INVALID']);
  });

  test('decides all conflicts that a filter finds: asked first, each by itself, twice without harm', async () => {
    const each = ['a', 'b', 'c'].map((name) => ({ doctype: 'Calendar Event', name }));
    const data = (subject: string) => ({ subject, starts_at: '2026-12-01T10:00:00Z' });
    const send = (device: string, op: 'insert' | 'update', subject: string, base_version?: number) =>
      other.sync.push('acme', {
        device,
        operations: each.map((of) => ({ op, ...of, base_version, data: data(subject) })),
      });
    await send('desk', 'insert', 'A');
    await send('desk', 'update', 'B', 1);
    await send('tablet', 'update', 'C', 1);
    // One of them moves on: whoever decides it has not seen that.
    await other.sync.push('acme', {
      device: 'desk',
      operations: [{ op: 'update', ...each[0]!, base_version: 2, data: { subject: 'D' } }],
    });
    const all = ['conflict', 'resolve', '--all', '--take', 'client', '--reason', 'clinic', '--json'];
    const unasked = await run(all, { env });
    expect([unasked.code, errorEvent(unasked.stderr).code]).toEqual([2, 'CONFIRMATION_REQUIRED']);
    for (const wrong of [
      [...all, 'CF-00001'],
      ['conflict', 'resolve', '--entity', 'Task', '--take', 'base', '--reason', 'r'],
    ])
      expect((await run(wrong, { env })).code).toBe(2);
    const none = await run([...all, '--yes', '--entity', 'Task'], { env });
    expect([none.code, JSON.parse(none.stdout).summary]).toEqual([0, { done: 0, failed: 0 }]);
    const tried = await run([...all, '--yes', '--dry-run'], { env });
    expect([tried.code, JSON.parse(tried.stdout).summary]).toEqual([8, { done: 2, failed: 1 }]);
    const done = await run([...all, '--yes', '--entity', 'Calendar Event'], { env });
    expect(done.code, done.stderr).toBe(8);
    expect(schemas.Bulk!.parse(JSON.parse(done.stdout))).toMatchObject({
      summary: { done: 2, failed: 1 },
      failed: [{ error: { code: 'VERSION_MOVED' } }],
    });
    const again = await run([...all, '--yes'], { env });
    expect([again.code, errorEvent(again.stderr).code]).toEqual([5, 'VERSION_MOVED']);
  });

  test('follows the feed with what another process writes, until Ctrl-C', async () => {
    const child = spawn(
      process.execPath,
      [program, 'sync', 'feed', '--entity', 'Note', '--follow', '-o', 'ndjson'],
      {
        env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const rows = () => said.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
    const push = (title: string, name: string) =>
      other.sync.push('acme', {
        device: 'elsewhere',
        operations: [{ id: `op-${name}`, op: 'insert', doctype: 'Note', name, data: { title } }],
      });
    await push('was there', 'n-1');
    await expect.poll(rows, { timeout: 20_000 }).toMatchObject([{ name: 'n-1' }]);
    await push('came later', 'n-2');
    await expect.poll(rows, { timeout: 20_000 }).toMatchObject([{ name: 'n-1' }, { name: 'n-2' }]);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(new Set(rows().map(({ name }) => name)).size).toBe(rows().length);
  });

  test('changes, shows and tries conflict rules', async () => {
    const rules = 'entity: Task\nstrategy: field_level\nclient: [priority]\n';
    const set = ['sync', 'rules', 'set', '-f', '-', '--yes', '--reason', 'the ward decides', '--json'];
    const done = await run(set, { env, input: rules });
    expect(done.code, done.stderr).toBe(0);
    expect(schemas.Bulk!.parse(JSON.parse(done.stdout))).toMatchObject({ done: [{ op: 'update' }] });
    const shown = await run(['sync', 'rules', 'show', 'Task', '--json'], { env });
    expect(schemas.SyncRuleSet!.parse(JSON.parse(shown.stdout))).toMatchObject({
      override: { client: ['priority'] },
      reason: 'the ward decides',
    });
    const cases = (value: string) =>
      `- entity: Task\n  base: { priority: Low }\n  server: { priority: High }\n  client: { priority: Urgent }\n  expect: { document: { priority: ${value} } }\n`;
    const tried = await run(['sync', 'rules', 'test', '-f', '-'], { env, input: cases('Urgent') });
    expect(tried.code, tried.stderr).toBe(0);
    const other = await run(['sync', 'rules', 'test', '-f', '-', '--json'], { env, input: cases('High') });
    expect(other.code).toBe(6);
    expect(schemas.Report!.parse(JSON.parse(other.stdout))).toMatchObject({ ok: false });
    const wrong = await run([...set], { env, input: 'entity: Task\nstrategy: client_wins\n' });
    expect([wrong.code, errorEvent(wrong.stderr).code]).toEqual([2, 'VALIDATION_ERROR']);
  });

  test('shows status and lag, makes a client begin again, and forgets old changes', async () => {
    const status = await run(['sync', 'status', '--json'], { env });
    expect(schemas.SyncStatus!.parse(JSON.parse(status.stdout))).toMatchObject({ org: 'acme' });
    expect((await run(['sync', 'status', '--check', '--max-conflict-rate', '0%'], { env })).code).toBe(6);
    const lag = await run(['sync', 'lag', '--json'], { env });
    expect(schemas.LagList!.parse(JSON.parse(lag.stdout))).toMatchObject({ total_count: 5 });
    const { DARTWING_ORG: _, ...anywhere } = env;
    const each = await run(['sync', 'lag', '--by', 'org', '--since', '1h', '--json'], { env: anywhere });
    expect(JSON.parse(each.stdout)).toMatchObject({ items: [{ ref: 'acme' }] });
    expect((await run(['sync', 'lag'], { env: anywhere })).code).toBe(2);
    expect((await run(['sync', 'lag', '--watch', '10ms'], { env })).code).toBe(2);
    expect((await run(['sync', 'resync', 'phone', '--yes'], { env })).code).toBe(0);
    expect((await run(['sync', 'resync', 'nobody', '--yes'], { env })).code).toBe(3);
    const compacted = await run(['sync', 'compact', '--yes', '--json'], { env });
    expect(schemas.SyncCompaction!.parse(JSON.parse(compacted.stdout))).toMatchObject({ changes: 0 });
  });
});

test('doctype list, show and check tell what is known', async () => {
  const list = await run(['doctype', 'list', '--json'], { env });
  expect(schemas.DoctypeList!.parse(JSON.parse(list.stdout))).toMatchObject({ items: expect.any(Array) });
  const task = await run(['doctype', 'show', 'Task', '--json'], { env });
  expect(schemas.Doctype!.parse(JSON.parse(task.stdout))).toMatchObject({ doctype: 'Task' });
  expect((await run(['doctype', 'show', 'Taks'], { env })).code).toBe(3);
  expect((await run(['doctype', 'check'], { env })).code).toBe(0);
});
