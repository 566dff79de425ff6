import { describe, expect, test } from 'vitest';
import { errorEvent, run, runShell, temporaryFolder } from '../support/cli.js';

describe('words', () => {
  test('an unknown noun is an error with one suggestion, and nothing is run', async () => {
    const { stdout, stderr, code } = await run(['verison']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain('Unknown command "verison"');
    expect(stderr).toContain('Did you mean "dartwing version"?');
  });

  test('an unknown verb names the noun it was looked for in', async () => {
    const { stderr, code } = await run(['config', 'shwo']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean "dartwing config show"?');
  });

  test('prefixes are no abbreviations', async () => {
    expect((await run(['vers'])).code).toBe(2);
  });

  test('a bare noun prints its help on stderr and exits 2', async () => {
    const { stdout, stderr, code } = await run(['config']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain('config validate');
  });

  test('nothing at all prints the root help', async () => {
    const { stdout, code } = await run([]);
    expect(code).toBe(0);
    expect(stdout).toContain('dartwing <noun> <verb>');
  });

  test.each([
    ['help', 'config', 'show'],
    ['config', 'show', '--help'],
    ['config', 'show', '-h', '--bogus', '-o', 'nonsense'],
    ['--help', 'config', 'show'],
  ])('%s %s %s prints the help of the verb', async (...words) => {
    const { stdout, code } = await run(words);
    expect(code).toBe(0);
    expect(stdout).toContain('Show every setting in force');
  });

  test('dartwing config help prints the help of the noun', async () => {
    const { stdout, code } = await run(['config', 'help']);
    expect(code).toBe(0);
    expect(stdout).toContain('config validate');
  });
});

describe('flags', () => {
  test('global flags stand before or after the verb', async () => {
    const [before, after] = await Promise.all([
      run(['-o', 'json', 'version']),
      run(['version', '-o', 'json']),
    ]);
    expect(before).toEqual(after);
    expect(JSON.parse(before.stdout)).toMatchObject({ kind: 'Version' });
  });

  test('an unknown flag is an error with a suggestion', async () => {
    const { stderr, code } = await run(['version', '--outptu', 'json']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean --output?');
  });

  test('an unknown flag without a verb is an error too', async () => {
    expect((await run(['--bogus'])).code).toBe(2);
  });

  test('a value outside the choices is an error that names them', async () => {
    const { stderr, code } = await run(['version', '-o', 'xml']);
    expect(code).toBe(2);
    expect(stderr).toContain('table, json, yaml, ndjson');
  });

  test('--json and another form contradict each other', async () => {
    const { stderr, code } = await run(['version', '--json', '-o', 'yaml']);
    expect(code).toBe(2);
    expect(errorEvent(stderr).code).toBe('USAGE');
    expect((await run(['version', '--json', '-o', 'json'])).code).toBe(0);
  });

  test('missing and superfluous names are errors', async () => {
    expect((await run(['config', 'get'])).code).toBe(2);
    expect((await run(['config', 'get', 'port', 'schema'])).code).toBe(2);
  });

  test('--dry-run is refused where nothing changes', async () => {
    expect((await run(['version', '--dry-run'])).code).toBe(2);
  });

  test('short flags may stand together', async () => {
    expect(JSON.parse((await run(['version', '-qo', 'json'])).stdout)).toMatchObject({ kind: 'Version' });
  });

  test('a time limit has to be a duration', async () => {
    const { stderr, code } = await run(['version', '--timeout', 'soon']);
    expect(code).toBe(2);
    expect(stderr).toContain('--timeout');
  });
});

test('help and version work beside a broken configuration; verbs that need it say what is wrong', async () => {
  const env = { DARTWING_PORT: 'ninety' };
  expect((await run(['version'], { env })).code).toBe(0);
  expect((await run(['help', 'config'], { env })).code).toBe(0);
  const { stderr, code } = await run(['config', 'show'], { env, cwd: temporaryFolder() });
  expect(code).toBe(2);
  expect(stderr).toContain('DARTWING_PORT');
});

test('--env-file is the only way to a .env file', async () => {
  const cwd = temporaryFolder();
  const { writeFileSync } = await import('node:fs');
  writeFileSync(`${cwd}/.env`, 'DARTWING_PORT=4711\n');
  expect((await run(['config', 'get', 'port'], { cwd })).stdout).toBe('4000\n');
  expect((await run(['config', 'get', 'port', '--env-file', '.env'], { cwd })).stdout).toBe('4711\n');
  // As a program of its own: behind `node dartwing` the flag is Node's.
  const { code, stdout, stderr } = await runShell('dartwing version --env-file nope --json', { cwd });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(errorEvent(stderr).code).toBe('BAD_FILE');
});
