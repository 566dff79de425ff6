import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { migrations } from '../../src/core/db/migrations/index.js';
import { temporaryFolder } from '../support/cli.js';
import { createTestDatabase } from '../support/database.js';
import { operatorOf, rowsHash } from '../support/operator.js';
import { masterKey } from '../support/server.js';
import { start } from './job-world.js';

const database = await createTestDatabase();
const empty = await createTestDatabase({ empty: true });
const operator = operatorOf(database);
const newcomer = operatorOf(empty);
const latest = migrations.at(-1)!.id;

describe('init', () => {
  test('copies a template, tells the next steps, and overwrites nothing', async () => {
    const cwd = temporaryFolder();
    const { document } = await operator.ask('init clinic --template clinic --name "Acme $& Clinic"', { cwd });
    expect(document).toMatchObject({
      kind: 'Project',
      dir: 'clinic',
      files: ['dartwing.yaml', 'org.yaml'],
      next: ['cd clinic', 'dartwing up', 'dartwing apply -f org.yaml'],
    });
    const text = readFileSync(join(cwd, 'clinic/org.yaml'), 'utf8');
    expect(text).toContain('slug: acme-clinic\nname: "Acme $& Clinic"\n');
    expect(await operator.fail('init clinic', { cwd })).toMatchObject({
      code: 'DIRECTORY_NOT_EMPTY',
      exit: 5,
    });
    expect((await operator.ask('init clinic --force', { cwd })).document).toMatchObject({ files: [] });
    expect(readFileSync(join(cwd, 'clinic/org.yaml'), 'utf8')).toBe(text);
    expect((await operator.run('diff -f clinic/org.yaml', { cwd })).code).toBe(6);
  });

  test('--git leaves data and keys out, --install needs this dartwing; both only plan with --dry-run', async () => {
    const cwd = temporaryFolder();
    const files = ['dartwing.yaml', 'org.yaml', '.gitignore', 'package.json'];
    const line = 'init shop --template saas --git --install';
    expect((await operator.ask(`${line} --dry-run`, { cwd })).document).toMatchObject({ files });
    expect(readdirSync(cwd)).toEqual([]);
    // A program of this name stands in the way of the real one: what it is called with is what counts here.
    const bin = temporaryFolder();
    writeFileSync(join(bin, 'npm'), '#!/bin/sh\necho "$@" > npm-was-called; exit $NPM_ENDS\n', {
      mode: 0o755,
    });
    const env = { PATH: `${bin}:${process.env.PATH}`, NPM_ENDS: '0' };
    const { document } = await operator.ask(line, { cwd, env });
    expect(document).toMatchObject({ files, next: ['cd shop', 'npx dartwing up', expect.any(String)] });
    const shop = join(cwd, 'shop');
    expect(readFileSync(join(shop, '.gitignore'), 'utf8')).toBe('.dartwing/\nnode_modules/\n');
    expect(readdirSync(shop)).toContain('.git');
    expect(JSON.parse(readFileSync(join(shop, 'package.json'), 'utf8'))).toMatchObject({
      name: 'shop',
      dependencies: { dartwing: expect.stringMatching(/^file:/) },
    });
    expect(readFileSync(join(shop, 'npm-was-called'), 'utf8')).toMatch(/^install /);
    const failing = { cwd, env: { ...env, NPM_ENDS: '3' } };
    expect(await operator.fail('init other --template saas --install', failing)).toMatchObject({
      code: 'PROGRAM_FAILED',
      exit: 7,
      why: 'it ended with 3',
    });
  });

  test('--dry-run and --list write nothing', async () => {
    const cwd = temporaryFolder();
    expect((await operator.ask('init --dry-run', { cwd })).document).toMatchObject({
      files: ['dartwing.yaml', 'org.yaml'],
    });
    expect((await operator.ask('init --list', { cwd })).document).toMatchObject({
      kind: 'TemplateList',
      total_count: 5,
    });
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('a mistake is one error and leaves no folder', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'file'), '');
    const lines: [string, string, number][] = [
      ['init new --template clinc', 'TEMPLATE_NOT_FOUND', 2],
      ['init new --name " "', 'VALIDATION_ERROR', 2],
      [`init new --name ${'x'.repeat(141)}`, 'VALIDATION_ERROR', 2],
      ['init file', 'BAD_FILE', 2],
      ['init file --force', 'BAD_FILE', 2],
      ['init file/in', 'BAD_FILE', 2],
      ['init one two', 'USAGE', 2],
    ];
    for (const [line, code, exit] of lines)
      expect(await operator.fail(line, { cwd })).toMatchObject({ code, exit });
    expect(readdirSync(cwd)).toEqual(['file']);
  });
});

describe('a database without schema', () => {
  test('is told with its repair, by every verb that needs one; status and up work', async () => {
    for (const line of ['org list', 'org create acme --type family', 'apply -f -', 'audit verify'])
      expect(
        await newcomer.fail(line, { input: 'api_version: dartwing/v1\nkind: Org\nslug: a1\ntype: family\n' }),
      ).toMatchObject({
        code: 'SCHEMA_MISSING',
        exit: 5,
        fix: ['dartwing migrate up'],
      });
    expect((await newcomer.ask('migrate status')).document).toMatchObject({
      kind: 'MigrationStatus',
      current: 0,
      latest,
    });
    expect((await newcomer.ask('migrate status --check')).code).toBe(6);
    expect(await newcomer.ask('migrate verify')).toMatchObject({
      code: 6,
      document: { findings: [{ id: 'migration.pending' }] },
    });
    expect((await newcomer.ask('migrate up --dry-run')).document).toMatchObject({
      kind: 'MigrationStatus',
      dry_run: true,
    });
    expect(await newcomer.fail('migrate up')).toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
      fix: ['Add --yes'],
    });
    expect((await newcomer.ask('migrate status')).document).toMatchObject({ current: 0 });

    const runs = await Promise.all([newcomer.ask('migrate up --yes'), newcomer.ask('migrate up --yes')]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    const applied = runs.map(({ document }) => (document.applied as unknown[]).length).sort((a, b) => a - b);
    expect(applied).toEqual([0, migrations.length]);
    expect((await newcomer.ask('migrate up')).document).toMatchObject({
      kind: 'MigrationRun',
      applied: [],
      pending: 0,
      to: latest,
    });
    expect(await newcomer.ask('migrate verify')).toMatchObject({ code: 0, document: { ok: true } });
    expect((await newcomer.ask('org create acme --type family')).code).toBe(0);
  });
});

describe('migrate', () => {
  test('print gives the SQL without a database', async () => {
    const { stdout, code } = await operator.run('migrate print', {
      env: { DATABASE_URL: '', DARTWING_MASTER_KEY: '' },
    });
    expect(code).toBe(0);
    expect(stdout).toContain('create table organization (');
    expect((await operator.run(`migrate print --from ${latest}`)).stdout).not.toContain(
      'create table organization (',
    );
  });

  test('a newer schema is refused by every verb, and an edited migration is found', async () => {
    await database.admin.query(
      "insert into migration (id, name, breaking, checksum) select 9999, 'future', false, checksum from migration where id = 1",
    );
    for (const line of ['org list', 'migrate up --yes', 'doctor --only migrations'])
      expect((await operator.run(line)).code).toBe(line.startsWith('doctor') ? 6 : 5);
    expect(await operator.fail('org list')).toMatchObject({ code: 'SCHEMA_NEWER', exit: 5 });
    await database.admin.query('delete from migration where id = 9999');
    const { rows } = await database.admin.query<{ checksum: string }>(
      'select checksum from migration where id = 3',
    );
    await database.admin.query("update migration set checksum = 'edited' where id = 3");
    expect(await operator.ask('migrate verify')).toMatchObject({
      code: 6,
      document: { findings: [{ id: 'migration.drift' }] },
    });
    expect((await operator.ask('migrate status --check')).code).toBe(6);
    await database.admin.query('update migration set checksum = $1 where id = 3', [rows[0]!.checksum]);
    expect((await operator.ask('migrate status --check')).code).toBe(0);
  });

  test('another master key is refused', async () => {
    const env = { DARTWING_MASTER_KEY: Buffer.alloc(32, 'other').toString('base64') };
    const before = await rowsHash(database);
    for (const line of ['org list', 'migrate up --dry-run', 'migrate up --repair-policies --yes'])
      expect(await operator.fail(line, { env })).toMatchObject({ code: 'MASTER_KEY_CHANGED', exit: 5 });
    expect(await operator.fail('org list', { env: { DARTWING_MASTER_KEY: '' } })).toMatchObject({
      code: 'MASTER_KEY_MISSING',
      exit: 5,
    });
    expect(await operator.fail('org list', { env: { DARTWING_MASTER_KEY: 'short' } })).toMatchObject({
      exit: 2,
    });
    expect(await rowsHash(database)).toBe(before);
    expect((await operator.run('org list')).code).toBe(0);
  });
});

describe('doctor', () => {
  test('checks everything, exit 0, with facts for an issue on request', async () => {
    const { code, document } = await operator.ask('doctor --report');
    expect({ code, document }).toMatchObject({
      code: 0,
      document: { kind: 'DoctorReport', ok: true, machine: { node: process.versions.node } },
    });
    expect((document.checks as { id: string }[]).map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        'node',
        'config',
        'database',
        'clock',
        'keys',
        'migrations',
        'isolation',
        'audit',
        'disk',
      ]),
    );
    expect(JSON.stringify(document)).not.toContain(masterKey);
  });

  test('--fix stamps policies again after somebody dropped one, and asks first', async () => {
    await database.admin.query('drop policy dartwing_tenant on company');
    const broken = await operator.ask('doctor --only isolation');
    expect(broken).toMatchObject({ code: 6, document: { ok: false } });
    expect(await operator.fail('org create late --type family')).toMatchObject({
      code: 'ISOLATION_BROKEN',
      exit: 5,
    });
    expect(await operator.fail('doctor --only isolation --fix')).toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
    });
    expect((await operator.ask('doctor --only isolation --fix --dry-run')).code).toBe(6);
    expect((await operator.ask('doctor --only isolation --fix --yes')).code).toBe(0);
    expect((await operator.ask('org create late --type family')).code).toBe(0);
  });

  test('--watch checks again and again, and tells people what changed', async () => {
    const watching = start('doctor --only node,migrations --watch 1s --json', operator.env);
    await vi.waitUntil(() => watching.said.stdout.split('\n').length > 2, { timeout: 20_000 });
    watching.child.kill('SIGINT');
    const { stdout, code } = await watching.ended;
    const reports = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(130);
    for (const report of reports) expect(schemas.DoctorReport?.safeParse(report).error).toBeUndefined();
    expect(reports[0]).toMatchObject({ ok: true, at: expect.any(String) });
    for (const flags of ['--watch 10ms', '--watch 2s --fix', '--watch 2s --report'])
      expect(await operator.fail(`doctor ${flags}`)).toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  test('refuses a check that there is not', async () => {
    expect(await operator.fail('doctor --only isolatoin')).toMatchObject({
      code: 'VALIDATION_ERROR',
      exit: 2,
      message: expect.stringContaining('did you mean isolation?'),
    });
  });
});

describe('a dead database', () => {
  /** A socket that takes connections and never answers. */
  const hanging = (): Promise<string> =>
    new Promise((resolve) => {
      const server = createServer(() => {}).listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(`postgres://u@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/nowhere`);
      });
      onTestFinished(() => void server.close());
    });

  const lines = [
    'org list',
    'org create acme --type family',
    'migrate status',
    'migrate up --yes',
    'audit verify',
    'up --port 0',
  ];

  test('that refuses is 7 at once, with the address that was tried', async () => {
    const env = {
      DATABASE_URL: 'postgres://u:secret-word@127.0.0.1:1/gone',
      DARTWING_DATA: temporaryFolder(),
    };
    // Without a key too: what is missing here must not hide that nobody is there.
    for (const line of [...lines, 'keyless']) {
      const started = performance.now();
      const error =
        line === 'keyless'
          ? await operator.fail('org list', { env: { ...env, DARTWING_MASTER_KEY: '' } })
          : await operator.fail(line, { env });
      expect({ line, ...error }).toMatchObject({
        line,
        code: 'DATABASE_UNREACHABLE',
        exit: 7,
        message: expect.stringContaining('127.0.0.1:1/gone'),
      });
      expect(JSON.stringify(error)).not.toContain('secret-word');
      expect(performance.now() - started).toBeLessThan(5_000);
    }
  });

  test('that never answers is 7 within a bounded time', async () => {
    const env = { DATABASE_URL: await hanging(), DARTWING_DATA: temporaryFolder() };
    const started = performance.now();
    const errors = await Promise.all(lines.map((line) => operator.fail(line, { env })));
    for (const [index, error] of errors.entries())
      expect({ line: lines[index], ...error }).toMatchObject({ line: lines[index], exit: 7 });
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  test('ends doctor with 7, after a look at what needs no database', async () => {
    const env = { DATABASE_URL: 'postgres://u@127.0.0.1:1/gone' };
    const { code, document } = await operator.ask('doctor --fix --yes', { env });
    expect({ code, ok: document.ok }).toEqual({ code: 7, ok: false });
    expect(document.checks).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 'node', status: 'pass' }),
        expect.objectContaining({
          id: 'database',
          status: 'fail',
          what: expect.stringContaining('127.0.0.1:1'),
        }),
        expect.objectContaining({ id: 'migrations', status: 'skip' }),
      ]),
    );
  });

  test('of another name, or behind another password, is told apart', async () => {
    const missing = database.url.replace(database.name, 'no_such_database');
    expect(await operator.fail('org list', { env: { DATABASE_URL: missing } })).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      exit: 7,
      message: expect.stringContaining('no_such_database'),
    });
    const nameless = new URL(database.url);
    nameless.password = '';
    expect(await operator.fail('migrate status', { env: { DATABASE_URL: nameless.href } })).toMatchObject({
      code: 'DATABASE_AUTHENTICATION',
      why: expect.stringContaining('password'),
    });
    // A server is asked by nobody without a token.
    for (const url of ['http://127.0.0.1:1', 'https://dartwing.invalid'])
      expect(await operator.fail('org list', { env: { DATABASE_URL: '', DARTWING_URL: url } })).toMatchObject(
        { code: 'UNAUTHENTICATED', exit: 4 },
      );
    expect(await operator.fail('org list', { env: { DATABASE_URL: 'mysql://x' } })).toMatchObject({
      exit: 2,
    });
  });

  test('--timeout ends what takes too long with 7', async () => {
    const env = { DATABASE_URL: await hanging() };
    expect(await operator.fail('org list --timeout 300ms', { env })).toMatchObject({
      code: 'TIMED_OUT',
      exit: 7,
    });
  });
});
