import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ConfigInput, loadConfig } from '../../src/core/config.js';
import { misspeltNames } from '../../src/core/config-sources.js';
import { isDartwingError } from '../../src/core/errors.js';
import { run, temporaryFolder } from '../support/cli.js';

function place(files: Readonly<Record<string, string>>): ConfigInput {
  const root = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
    chmodSync(join(root, name), 0o600);
  }
  return { cwd: root, home: root, env: {}, uid: process.getuid?.() };
}

async function problem(input: ConfigInput) {
  const error: unknown = await loadConfig(input).catch((thrown: unknown) => thrown);
  if (!isDartwingError(error)) throw new Error('the configuration was accepted');
  return error;
}

const user = '.config/dartwing/config.yaml';

test('the first place that names a key wins: flag, environment, project, profile, default', async () => {
  const input = place({ 'dartwing.yaml': 'port: 3\n', [user]: 'profile: a\nprofiles:\n  a:\n    port: 4\n' });
  const ports: [number, string][] = [];
  for (const more of [
    { flags: { port: '1' }, env: { DARTWING_PORT: '2' } },
    { env: { DARTWING_PORT: '2' } },
    {},
    { projectFile: undefined, cwd: temporaryFolder() },
    { cwd: temporaryFolder(), home: undefined },
  ]) {
    const config = await loadConfig({ ...input, ...more });
    ports.push([config.values.port, config.origin('port').source]);
  }
  expect(ports).toEqual([
    [1, 'flag'],
    [2, 'environment'],
    [3, 'project'],
    [4, 'profile'],
    [4000, 'default'],
  ]);
});

test('origins name the place', async () => {
  const input = place({ 'dartwing.yaml': '# ours\nport: 3\n', key: 'dartwing_two\n' });
  const config = await loadConfig({ ...input, env: { DARTWING_SCHEMA_FILE: join(input.cwd, 'key') } });
  expect(config.origin('port')).toEqual({ source: 'project', name: 'dartwing.yaml:2:1' });
  expect(config.values.schema).toBe('dartwing_two');
  expect(config.origin('schema').name).toBe('DARTWING_SCHEMA_FILE');
});

test('a name of the environment with a typing error is told, whatever else is set', async () => {
  const env = {
    DARTWING_PROT: '1',
    DARTWING_ULR_FILE: 'x',
    DARTWING_PORT: '1',
    DARTWING_CONFIG: '',
    DARTING_X: '',
  };
  expect(misspeltNames(env)).toEqual([
    { name: 'DARTWING_PROT', meant: 'DARTWING_PORT' },
    { name: 'DARTWING_ULR_FILE', meant: 'DARTWING_URL_FILE' },
  ]);
  const { stdout, stderr } = await run(['config', 'get', 'port'], { env: { DARTWING_PROT: '1' } });
  expect(stdout).toBe('4000\n');
  expect(stderr).toContain('did you mean DARTWING_PORT?');
});

test('DATABASE_URL counts when DARTWING_URL is unset', async () => {
  const env = { DATABASE_URL: 'postgres://b.invalid/x', DARTWING_URL: 'postgres://a.invalid/x' };
  expect((await loadConfig({ ...place({}), env })).values.url).toBe(env.DARTWING_URL);
  expect((await loadConfig({ ...place({}), env: { ...env, DARTWING_URL: '' } })).values.url).toBe(
    env.DATABASE_URL,
  );
});

describe('what is wrong is named with its place, all at once', () => {
  test('values', async () => {
    const input = place({ 'dartwing.yaml': 'schema: dartwing\nport: high\npol_max: 3\n' });
    const error = await problem({ ...input, env: { DARTWING_LOCK_TIMEOUT: 'soon' } });
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.fields.map(({ path, line, column }) => [path, line, column])).toEqual([
      ['pol_max', 3, 1],
      ['DARTWING_LOCK_TIMEOUT', undefined, undefined],
      ['port', 2, 1],
    ]);
    expect(error.fields[0]?.message).toContain('did you mean "pool_max"?');
  });

  test.each([
    ['DARTWING_URL', 'mysql://a.invalid'],
    ['DARTWING_APP_URL', 'https://a.invalid'],
    ['DARTWING_MASTER_KEY', 'c2hvcnQ='],
    ['DARTWING_SCHEMA', 'Upper'],
    ['DARTWING_SCHEMA', 'a'.repeat(64)],
    ['DARTWING_ROLE_PREFIX', 'a'.repeat(41)],
    ['DARTWING_PORT', '65536'],
    ['DARTWING_POOL_MAX', '0'],
    ['DARTWING_TIMEOUT', '30'],
    ['DARTWING_QUIET', 'perhaps'],
  ])('%s=%s', async (name, value) => {
    const error = await problem({ ...place({}), env: { [name]: value } });
    expect(error.message).toContain(name);
  });

  test('a variable and its _FILE twin together', async () => {
    const error = await problem({
      ...place({}),
      env: { DARTWING_PORT: '1', DARTWING_PORT_FILE: '/nowhere' },
    });
    expect(error.message).toContain('DARTWING_PORT_FILE');
  });

  test('a _FILE twin that names nothing', async () => {
    expect((await problem({ ...place({}), env: { DARTWING_PORT_FILE: 'nowhere' } })).message).toContain(
      'nowhere',
    );
  });

  test('YAML that cannot be read', async () => {
    const error = await problem(place({ 'dartwing.yaml': 'port: [1\n' }));
    expect(error.fields[0]).toMatchObject({ file: 'dartwing.yaml', line: 2 });
  });
});

describe('files', () => {
  test('a secret in the project file is refused', async () => {
    const error = await problem(place({ 'dartwing.yaml': 'url: postgres://a:canary-secret@b/c\n' }));
    expect(error.code).toBe('CONFIG_SECRET_IN_PROJECT');
    expect(error.message).not.toContain('canary');
  });

  test('a user file that others can read is refused', async () => {
    const input = place({ [user]: 'profiles: {}\n' });
    chmodSync(join(input.cwd, user), 0o644);
    expect((await problem(input)).code).toBe('CONFIG_PERMISSIONS');
  });

  test('the project file is found upwards, but not beyond the repository', async () => {
    const input = place({
      'dartwing.yaml': 'port: 3\n',
      'inner/deep/x': '',
      'repo/.git/HEAD': '',
      'repo/src/x': '',
    });
    expect((await loadConfig({ ...input, cwd: join(input.cwd, 'inner/deep') })).values.port).toBe(3);
    expect((await loadConfig({ ...input, cwd: join(input.cwd, 'repo/src') })).values.port).toBe(4000);
  });

  test('the data folder is found upwards; a given one is relative to where it was written', async () => {
    const input = place({ '.dartwing/x': '', 'a/b/x': '', 'p/dartwing.yaml': 'data: store\n', 'p/q/x': '' });
    expect((await loadConfig({ ...input, cwd: join(input.cwd, 'a/b') })).values.data).toBe(
      join(input.cwd, '.dartwing'),
    );
    expect((await loadConfig({ ...input, cwd: join(input.cwd, 'p/q') })).values.data).toBe(
      join(input.cwd, 'p/store'),
    );
  });

  test('a profile that does not exist is an error', async () => {
    expect((await problem({ ...place({}), flags: { profile: 'prod' } })).code).toBe('PROFILE_NOT_FOUND');
  });
});

test('with CI the organization of the profile is passed over', async () => {
  const input = place({ [user]: 'profile: a\nprofiles:\n  a:\n    org: acme\n' });
  expect((await loadConfig(input)).values.org).toBe('acme');
  const config = await loadConfig({ ...input, env: { CI: '1' } });
  expect([config.values.org, config.ignoredOrganization]).toEqual([undefined, 'acme']);
  expect((await loadConfig({ ...input, env: { CI: '1', DARTWING_ORG: 'other' } })).values.org).toBe('other');
});

describe('verbs', () => {
  test('set writes the project file, keeps comments, and does nothing the second time', async () => {
    const { cwd } = place({ 'dartwing.yaml': '# ours\nport: 3 # a port\n' });
    const first = await run(['config', 'set', 'pool_max', '20', '--json'], { cwd });
    const second = await run(['config', 'set', 'pool_max', '20', '--json'], { cwd });
    expect([first, second].map(({ stdout }) => (JSON.parse(stdout) as { op: string }).op)).toEqual([
      'create',
      'none',
    ]);
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(join(cwd, 'dartwing.yaml'), 'utf8')).toBe('# ours\nport: 3 # a port\npool_max: 20\n');
  });

  test('set refuses what could not be read, and writes nothing under --dry-run', async () => {
    const { cwd } = place({});
    expect((await run(['config', 'set', 'port', 'high'], { cwd })).code).toBe(2);
    expect((await run(['config', 'set', 'prot', '1'], { cwd })).stderr).toContain('did you mean "port"?');
    expect((await run(['config', 'set', 'port', '1', '--dry-run'], { cwd })).stdout).toContain(
      'nothing was written',
    );
    const { existsSync } = await import('node:fs');
    expect(existsSync(join(cwd, 'dartwing.yaml'))).toBe(false);
  });

  test('validate exits 6 and names every problem', async () => {
    const { cwd } = place({ 'dartwing.yaml': 'port: high\npol_max: 3\n' });
    const { stdout, code } = await run(['config', 'validate', '--json'], { cwd });
    expect(code).toBe(6);
    expect((JSON.parse(stdout) as { findings: { id: string }[] }).findings.map(({ id }) => id)).toEqual([
      'pol_max',
      'port',
    ]);
  });
});
