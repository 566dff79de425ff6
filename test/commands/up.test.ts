import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { killAll, serverTree } from '../db/embedded-stage.js';
import { errorEvent, program, type RunResult } from '../support/cli.js';
import { createTestDatabase } from '../support/database.js';
import { masterKey } from '../support/server.js';

/** Nobody's ids: the tests run as an ordinary user where the program may be read by one. */
const nobody = { uid: 65_534, gid: 65_534 };
const mayRead = () =>
  spawnSync(process.execPath, ['-e', `require('fs').accessSync(${JSON.stringify(program)})`], {
    ...nobody,
    cwd: '/',
  }).status === 0;
const user = process.getuid?.() === 0 && mayRead() ? nobody : undefined;

const empty = await createTestDatabase({ empty: true });
const configured = { DATABASE_URL: empty.url, DARTWING_MASTER_KEY: masterKey };

interface Ready {
  kind: string;
  url: string;
  database_url: string;
  engine: string;
  pid: number;
  org: string | null;
  token_file?: string;
}

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dartwing-up-'));
  chmodSync(folder, 0o755);
  if (user) chownSync(folder, user.uid, user.gid);
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const pid of processesOf(folder)) process.kill(pid, 'SIGKILL');
  for (let look = 0; look < 100 && processesOf(folder).length > 0; look++) await setTimeout(50);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Processes whose command line or working directory names a folder: the servers that were started for it. */
function processesOf(place: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(place);
      } catch {
        return false;
      }
    });
}

function start(words: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = folder) {
  const child = spawn(process.execPath, [program, ...words], {
    ...user,
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: folder, LANG: 'C.UTF-8', TZ: 'UTC', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const said: RunResult = { stdout: '', stderr: '', code: null };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const ended = new Promise<RunResult>((resolve) => {
    child.on('close', (code) => resolve({ ...said, code }));
  });
  return { child, said, ended };
}

const run = (words: string, env?: Readonly<Record<string, string>>, cwd?: string) =>
  start(words.split(' '), env, cwd).ended;

/** Starts `up` and waits for its first line. */
async function up(words = '--port 0', env: Readonly<Record<string, string>> = {}) {
  const started = start(['up', '--json', ...words.split(' ')], env);
  const failed = started.ended.then(({ stderr }) => {
    throw new Error(`up ended: ${stderr}`);
  });
  const line = (async () => {
    while (!started.said.stdout.includes('\n')) await setTimeout(20);
    return started.said.stdout.split('\n')[0]!;
  })();
  const ready = JSON.parse(await Promise.race([line, failed])) as Ready;
  failed.catch(() => {});
  const stop = async (signal: 'SIGINT' | 'SIGTERM') => {
    started.child.kill(signal);
    return (await started.ended).code;
  };
  return { ...started, ready, stop };
}

const get = async (url: string, token?: string) => {
  const response = await fetch(
    url,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
  return [response.status, await response.json()] as const;
};

describe('in a fresh folder', () => {
  test('up is ready in its first line, serves, is found from below, refuses a second, and ends cleanly', {
    timeout: 90_000,
  }, async () => {
    const first = await up();
    expect(schemas.DevReady?.safeParse(first.ready).error).toBeUndefined();
    expect(first.ready).toMatchObject({ engine: 'embedded-postgres', pid: first.child.pid, org: 'demo' });
    expect(new URL(first.ready.database_url).password).toBe('');
    expect(await get(`${first.ready.url}/health/live`)).toEqual([200, { status: 'ok' }]);
    expect(await get(`${first.ready.url}/health/ready`)).toMatchObject([200, { status: 'ready' }]);
    expect((await get(`${first.ready.url}/nowhere`))[0]).toBe(404);
    expect(readFileSync(join(folder, '.dartwing/.gitignore'), 'utf8')).toBe('*\n');

    // A key for trying the server out: its owner's only, and good for this organization.
    expect(first.ready.token_file).toBe('.dartwing/token');
    const key = readFileSync(join(folder, '.dartwing/token'), 'utf8').trim();
    expect(statSync(join(folder, '.dartwing/token')).mode & 0o777).toBe(0o600);
    const demo = (token: string) => get(`${first.ready.url}/v1/organizations/demo`, token);
    expect(await demo(key)).toMatchObject([200, { data: { slug: 'demo' } }]);
    expect((await demo(`${key.slice(0, -1)}_`))[0]).toBe(401);
    expect(JSON.parse((await run('api GET /v1/organizations/demo')).stdout)).toMatchObject({ data: {} });
    expect(first.said.stderr + first.said.stdout).not.toContain(key);

    const below = join(folder, 'deep/down');
    mkdirSync(below, { recursive: true });
    const listed = await run('org list --field slug', {}, below);
    expect(listed).toMatchObject({ stdout: 'demo\n', code: 0 });
    expect(existsSync(join(below, '.dartwing'))).toBe(false);
    // It works, too: jobs are run in the process that serves.
    expect(await run('worker list --columns state,pid')).toMatchObject({
      stdout: `alive\t${first.child.pid}\n`,
    });

    const second = await run('up --port 0 --json');
    expect(second).toMatchObject({ stdout: '', code: 5 });
    expect(errorEvent(second.stderr)).toMatchObject({
      code: 'ALREADY_UP',
      message: expect.stringContaining(`process ${first.child.pid}, ${first.ready.url}`),
    });

    expect((await run('org create acme --type company')).code).toBe(0);
    expect(await first.stop('SIGINT')).toBe(130);
    expect(first.said.stdout.trim().split('\n')).toHaveLength(1);
    expect(processesOf(folder)).toEqual([]);

    // Everything is killed at once, as by a power cut; what was answered is still there.
    const killed = await up();
    expect((await run('org create kept --type family')).code).toBe(0);
    const [postmaster] = processesOf(folder);
    expect(postmaster).toBeDefined();
    killAll([killed.child.pid!, ...serverTree(postmaster!)]);
    await killed.ended;
    const tokenFile = join(folder, '.dartwing/token');
    expect(readFileSync(tokenFile, 'utf8').trim()).toBe(key);
    rmSync(tokenFile);
    const again = await up();
    // A secret that is lost opens nothing any more.
    const anotherKey = readFileSync(tokenFile, 'utf8').trim();
    const states = [key, anotherKey].map(
      async (token) => (await get(`${again.ready.url}/v1/organizations/demo`, token))[0],
    );
    expect(await Promise.all(states)).toEqual([401, 200]);
    expect((await run('org list --field slug')).stdout).toBe('demo\nacme\nkept\n');
    expect((await run('audit verify')).code).toBe(0);
    const used = await run('up --reset --confirm .dartwing --json');
    expect(errorEvent(used.stderr)).toMatchObject({ code: 'ALREADY_UP', exit: 5 });
    expect(await again.stop('SIGTERM')).toBe(143);
    expect(processesOf(folder)).toEqual([]);

    // Only the folder's name, typed, begins from nothing.
    for (const [words, code] of [
      ['up --reset --json', 'CONFIRMATION_REQUIRED'],
      ['up --reset --yes --json', 'CONFIRMATION_REQUIRED'],
      ['up --reset --confirm dartwing --json', 'CONFIRMATION_MISMATCH'],
    ] as const)
      expect(errorEvent((await run(words)).stderr)).toMatchObject({ code, exit: 2 });
    expect((await run('org list --field slug')).stdout).toBe('demo\nacme\nkept\n');
    const anew = await up('--port 0 --no-worker --reset --confirm .dartwing');
    expect((await run('org list --field slug')).stdout).toBe('demo\n');
    expect(await anew.stop('SIGINT')).toBe(130);
    expect(readdirSync(join(folder, '.dartwing')).filter((name) => name.startsWith('pg.new-'))).toEqual([]);
  });

  test('a command starts a server for itself and leaves nothing running, also two at once', {
    timeout: 60_000,
  }, async () => {
    const results = await Promise.all([
      run('org create one --type family --json'),
      run('org create two --type family --json'),
    ]);
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    expect(processesOf(folder)).toEqual([]);
    expect((await run('org list --field slug --sort slug')).stdout).toBe('one\ntwo\n');
    expect(processesOf(folder)).toEqual([]);
  });

  test('a mistake costs nothing: no folder is made', async () => {
    writeFileSync(join(folder, 'bad.yaml'), 'kind: Nonsense\n');
    const lines: [string, string][] = [
      ['up --port 65536', 'CONFIG_INVALID'],
      ['up --port web', 'CONFIG_INVALID'],
      ['up --template clinc', 'TEMPLATE_NOT_FOUND'],
      ['up --seed missing.yaml', 'BAD_FILE'],
      ['up --seed bad.yaml', 'APPLY_INVALID'],
      ['up --seed bad.yaml --template clinic', 'VALIDATION_ERROR'],
      ['up --reset', 'CONFIRMATION_REQUIRED'],
    ];
    for (const [line, code] of lines) {
      const result = await run(`${line} --json`);
      expect({ line, ...result, stderr: errorEvent(result.stderr).code }).toEqual({
        line,
        stdout: '',
        code: 2,
        stderr: code,
      });
    }
    expect(readdirSync(folder)).toEqual(['bad.yaml']);
  });
});

describe('on a database that is configured', () => {
  test('an address without the password it needs is refused at once, and nothing waits for the server', async () => {
    const url = new URL(empty.url);
    url.password = '';
    const startedAt = performance.now();
    const result = await run('up --json', { DATABASE_URL: url.href, DARTWING_MASTER_KEY: masterKey });
    expect({ ...result, stderr: errorEvent(result.stderr).code }).toEqual({
      stdout: '',
      code: 4,
      stderr: 'DATABASE_AUTHENTICATION',
    });
    // The server would hang up after a minute (authentication_timeout).
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });

  test('a seed is applied again, a template only where there is nothing', { timeout: 60_000 }, async () => {
    const first = await up('--port 0 --template clinic', configured);
    expect(first.ready).toMatchObject({ engine: 'postgres', org: 'clinic' });
    expect(await first.stop('SIGTERM')).toBe(143);
    const text = (name: string) =>
      `api_version: dartwing/v1\nkind: Org\nslug: seeded\ntype: family\nname: ${name}\n`;
    writeFileSync(join(folder, 'seed.yaml'), text('Once'));
    const reset = await run('up --reset --confirm .dartwing --json', configured);
    expect(errorEvent(reset.stderr)).toMatchObject({ code: 'VALIDATION_ERROR' });
    expect(await (await up('--port 0 --seed seed.yaml', configured)).stop('SIGINT')).toBe(130);
    writeFileSync(join(folder, 'seed.yaml'), text('Twice'));
    expect(await (await up('--port 0 --seed seed.yaml', configured)).stop('SIGINT')).toBe(130);
    expect(await (await up('--port 0 --template family', configured)).stop('SIGINT')).toBe(130);
    expect((await run('org list --field name --sort slug', configured)).stdout).toBe(
      'Riverside Clinic\nTwice\n',
    );
  });

  test('a port that is taken is 5 when it was wished for, else another is chosen', {
    timeout: 60_000,
  }, async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const refused = await run(`up --port ${port} --json`, configured);
    expect(refused).toMatchObject({ stdout: '', code: 5 });
    expect(errorEvent(refused.stderr)).toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    });
    const other = await up('--port 0', configured);
    expect(other.ready.url).not.toContain(`:${port}`);
    // The database goes away and comes back: alive all the while, ready only with it.
    await empty.admin.query('update migration set id = id + 100');
    await setTimeout(1_100);
    expect(await get(`${other.ready.url}/health/live`)).toEqual([200, { status: 'ok' }]);
    expect(await get(`${other.ready.url}/health/ready`)).toMatchObject([
      503,
      { status: 'not_ready', error: { code: 'SCHEMA_NEWER' } },
    ]);
    await empty.admin.query('update migration set id = id - 100');
    await setTimeout(1_100);
    expect((await get(`${other.ready.url}/health/ready`))[0]).toBe(200);
    expect(await other.stop('SIGTERM')).toBe(143);
  });
});
