import { spawn } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { errorEvent, program, temporaryFolder } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Operator, operatorOf } from '../support/operator.js';

/** Starts a verb that waits for stdin, which stays open, and does something to it once it waits. */
async function interrupt(
  words: readonly string[],
  act: (child: ReturnType<typeof spawn>) => void,
): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }> {
  const home = temporaryFolder();
  const child = spawn(process.execPath, [program, 'profile', 'add', 'prod', '--url-stdin', ...words], {
    cwd: home,
    env: { PATH: process.env.PATH ?? '', HOME: home },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  setTimeout(() => act(child), 1_000).unref();
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a command with %i and says so', async (signal, exit) => {
  const { code, stdout, stderr } = await interrupt(['--json'], (child) => child.kill(signal));
  expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
  expect(errorEvent(stderr).code).toBe('CANCELED');
});

test('a second signal ends it at once', async () => {
  const { signal } = await interrupt([], (child) => {
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGINT'), 200).unref();
  });
  expect(signal).toBe('SIGINT');
});

test('--timeout ends a command with 7', async () => {
  const { code, stderr } = await interrupt(['--timeout', '300ms', '--json'], () => {});
  expect(code).toBe(7);
  expect(errorEvent(stderr)).toMatchObject({
    code: 'TIMED_OUT',
    message: expect.stringContaining('300ms') as string,
  });
});

describe('a change that meets its end', () => {
  let database: TestDatabase;
  let operator: Operator;

  beforeAll(async () => {
    database = await createTestDatabase();
    operator = operatorOf(database);
    // COMMIT of a new organization waits for whoever holds the lock 1.
    await database.admin.query(`
      create function hold() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock(1); return null; end $$;
      create constraint trigger hold after insert on organization deferrable initially deferred
        for each row execute function hold()`);
  });

  /** Interrupts `org create` once a statement of it waits, then lets that go on. */
  async function interruptAt(slug: string, statement: string) {
    const child = spawn(process.execPath, [program, 'org', 'create', slug, '--type', 'company', '--json'], {
      cwd: temporaryFolder(),
      env: { PATH: process.env.PATH ?? '', ...operator.env },
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      said.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said.stderr += chunk;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    await expect.poll(() => waiting(statement), { timeout: 20_000, interval: 20 }).toBe(1);
    child.kill('SIGINT');
    return { said, ended };
  }

  async function waiting(statement: string): Promise<number> {
    // In a transaction the first look at the activity would be kept.
    await database.admin.query('select pg_stat_clear_snapshot()');
    const { rowCount } = await database.admin.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query ilike $1`,
      [`${statement}%`],
    );
    return rowCount ?? 0;
  }

  const known = async (slug: string) =>
    (await database.admin.query('select from organization where slug = $1', [slug])).rowCount;

  test('it is answered when it was already being committed', async () => {
    await database.admin.query('select pg_advisory_lock(1)');
    const { said, ended } = await interruptAt('late', 'commit');
    await database.admin.query('select pg_advisory_unlock(1)');
    expect(await ended).toBe(0);
    expect(JSON.parse(said.stdout)).toMatchObject({ kind: 'Change', op: 'create' });
    expect(await known('late')).toBe(1);
  });

  test('it is not made when it was not', async () => {
    await database.admin.query('begin; lock table organization in share row exclusive mode');
    const { said, ended } = await interruptAt('early', '');
    expect(await ended).toBe(130);
    await database.admin.query('rollback');
    expect(said.stdout).toBe('');
    expect(errorEvent(said.stderr).code).toBe('CANCELED');
    expect(await known('early')).toBe(0);
  });
});
