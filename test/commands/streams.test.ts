import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { schemas } from '../../src/commands/schemas/index.js';
import { errorEvent, run, runShell, temporaryFolder } from '../support/cli.js';

const lines: readonly (readonly string[])[] = [
  ['version'],
  ['explain', 'PLAN_STALE'],
  ['explain', '--list'],
  ['config', 'show', '--origin'],
  ['config', 'get', 'schema'],
  ['config', 'path'],
  ['config', 'validate'],
  ['profile', 'list'],
  ['schema'],
  ['help'],
];

const escapeByte = String.fromCharCode(27);

describe.each(lines.map((words) => ({ line: words.join(' '), words })))('dartwing $line', ({ words }) => {
  test('prints exactly one document in json mode, valid by its schema', async () => {
    const { stdout, stderr, code } = await run([...words, '-o', 'json']);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const document = JSON.parse(stdout) as { kind: string };
    expect(schemas[document.kind]?.safeParse(document).error).toBeUndefined();
    expect(Object.keys(document).slice(0, 2)).toEqual(['api_version', 'kind']);
  });

  test('says the same in yaml', async () => {
    const [json, yaml] = await Promise.all([run([...words, '-o', 'json']), run([...words, '-o', 'yaml'])]);
    const documents = parseAllDocuments(yaml.stdout);
    // The form of the answer is itself a setting that `config show` lists.
    const same = json.stdout.replace('"value": "json"', '"value": "yaml"');
    expect(documents.map((document) => document.toJS())).toEqual([JSON.parse(same)]);
  });

  test('prints one object with a kind on each line in ndjson', async () => {
    const { stdout } = await run([...words, '-o', 'ndjson']);
    for (const line of stdout.split('\n').filter((text) => text !== '')) {
      expect(JSON.parse(line)).toHaveProperty('kind');
    }
  });

  test.each([{}, { NO_COLOR: '1' }, { CI: '1' }])(
    'prints no escape sequence into a pipe (%j)',
    async (env: Record<string, string>) => {
      const { stdout, stderr } = await run(words, { env });
      expect(stdout + stderr).not.toContain(escapeByte);
    },
  );
});

test('a failure in json mode leaves stdout empty and ends stderr with an error event', async () => {
  const { stdout, stderr, code } = await run(['explain', 'PLAN_STALLE', '--json']);
  const error = errorEvent(stderr);
  expect(stdout).toBe('');
  expect(error).toMatchObject({ code: 'UNKNOWN_CODE', exit: 3 });
  expect(code).toBe(error.exit);
  const event: unknown = JSON.parse(stderr.trim());
  expect(schemas.ErrorEvent?.safeParse(event).error).toBeUndefined();
});

test('a failure before the line is read speaks in the form that was asked for', async () => {
  expect(errorEvent((await run(['nonsense', '--json'])).stderr).code).toBe('UNKNOWN_COMMAND');
  expect(errorEvent((await run(['nonsense'], { env: { DARTWING_OUTPUT: 'json' } })).stderr).code).toBe(
    'UNKNOWN_COMMAND',
  );
});

test('an error for a person says what, why, fix and where to read on', async () => {
  const { stderr } = await run(['explain', 'PLAN_STALLE']);
  expect(stderr).toBe(
    [
      '✗ No error code "PLAN_STALLE"',
      '  Did you mean PLAN_STALE?',
      '  Fix   dartwing explain --list',
      '  Docs  dartwing explain UNKNOWN_CODE',
      '',
    ].join('\n'),
  );
});

test('a reader that closes the pipe ends the command quietly with 0', async () => {
  const { stdout, stderr, code } = await runShell(
    'set -o pipefail; dartwing explain --list -o ndjson | head -1',
  );
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  expect(stdout.split('\n')).toHaveLength(2);
  expect((await runShell('set -o pipefail; dartwing --help | head -1')).code).toBe(0);
});

describe('--field and --columns', () => {
  test('--field prints one scalar for each row', async () => {
    const { stdout } = await run(['config', 'show', '--field', 'key']);
    expect(stdout.split('\n').slice(0, 2)).toEqual(['url', 'app_url']);
  });

  test('a field that no row has is an error with a suggestion', async () => {
    const { stdout, stderr, code } = await run(['version', '--field', 'nodes']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain('Did you mean node?');
  });

  test('--columns chooses and orders', async () => {
    const { stdout } = await run(['config', 'show', '--columns', 'origin,key']);
    expect(stdout.split('\n')[0]).toBe('none\turl');
  });
});

test('an empty list says so on stderr and exits 0', async () => {
  const { stdout, stderr, code } = await run(['profile', 'list'], { env: { HOME: temporaryFolder() } });
  expect({ stdout, code }).toEqual({ stdout: '', code: 0 });
  expect(stderr).toContain('dartwing profile add');
});

test('--quiet keeps stderr for errors', async () => {
  expect((await run(['config', 'show', '-q'])).stderr).toBe('');
  expect((await run(['explain', 'NONSENSE', '-q'])).stderr).not.toBe('');
});

describe('on a terminal', () => {
  test.each([40, 80, 200])('a table fits %i columns', async (columns) => {
    const { stdout } = await run(['explain', '--list', '--no-color'], { tty: true, columns });
    const lines = stdout.replaceAll('\r', '').trimEnd().split('\n');
    expect(lines[0]).toMatch(/^CODE +EXIT +WHAT/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
  });

  test('there are colours, unless NO_COLOR or --no-color', async () => {
    const words = ['config', 'show'];
    expect((await run(words, { tty: true })).stdout).toContain(`${escapeByte}[1m`);
    expect((await run(words, { tty: true, env: { NO_COLOR: '1' } })).stdout).not.toContain(`${escapeByte}[`);
    expect((await run([...words, '--no-color'], { tty: true })).stdout).not.toContain(`${escapeByte}[`);
  });
});

test('without UTF-8 the signs are words', async () => {
  const { stderr } = await run(['explain', 'NONSENSE'], { env: { LANG: 'C' } });
  expect(stderr).toMatch(/^x No error code/);
});
