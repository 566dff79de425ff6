import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorEvent, type RunOptions, run, temporaryFolder } from '../support/cli.js';

const url = 'postgres://ana:never-shown@db.invalid/dartwing';

function surroundings(): RunOptions & { file: string } {
  const home = temporaryFolder();
  return { cwd: home, env: { HOME: home }, file: join(home, '.config/dartwing/config.yaml') };
}

const add = (name: string, more: readonly string[] = []) => ['profile', 'add', name, '--url-stdin', ...more];

test('a profile is added, used, shown without its password and removed', async () => {
  const where = surroundings();
  expect((await run(add('prod', ['--org', 'acme']), { ...where, input: `${url}\n` })).code).toBe(0);
  expect(statSync(where.file).mode & 0o777).toBe(0o600);
  expect(readFileSync(where.file, 'utf8')).toContain(url);

  const shown = JSON.parse((await run(['profile', 'show', 'prod', '--json'], where)).stdout) as Record<
    string,
    unknown
  >;
  expect(shown).toMatchObject({
    kind: 'Profile',
    current: true,
    org: 'acme',
    url: 'postgres://ana:***@db.invalid/dartwing',
  });
  expect((await run(['config', 'get', 'org'], where)).stdout).toBe('acme\n');

  expect((await run(add('test'), { ...where, input: 'postgres://t.invalid/x' })).code).toBe(0);
  expect((await run(['config', 'get', 'profile'], where)).stdout).toBe('prod\n');
  expect((await run(['profile', 'use', 'test'], where)).code).toBe(0);
  expect((await run(['config', 'get', 'profile'], where)).stdout).toBe('test\n');

  expect(await run(['profile', 'remove', 'test', '--yes'], where)).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('dartwing profile use prod'),
  });
  expect((await run(['profile', 'list', '--field', 'name'], where)).stdout).toBe('prod\n');
});

test('adding it again is a conflict, or nothing with --if-not-exists and the same values', async () => {
  const where = surroundings();
  await run(add('prod'), { ...where, input: url });
  expect((await run(add('prod'), { ...where, input: url })).code).toBe(5);
  expect((await run(add('prod', ['--if-not-exists']), { ...where, input: url })).code).toBe(0);
  expect(
    (await run(add('prod', ['--if-not-exists']), { ...where, input: 'postgres://other.invalid/x' })).code,
  ).toBe(5);
});

test('removing needs approval: silence never approves, and --dry-run needs none', async () => {
  const where = surroundings();
  await run(add('prod'), { ...where, input: url });
  const before = readFileSync(where.file, 'utf8');
  const silent = await run(['profile', 'remove', 'prod', '--json'], where);
  expect(silent.code).toBe(2);
  expect(errorEvent(silent.stderr)).toMatchObject({ code: 'CONFIRMATION_REQUIRED', fix: ['Add --yes'] });
  expect((await run(['profile', 'remove', 'prod', '--dry-run'], where)).code).toBe(0);
  expect((await run(['profile', 'remove', 'prod', '--confirm', 'Prod'], where)).code).toBe(2);
  expect(readFileSync(where.file, 'utf8')).toBe(before);
});

test('an unknown profile is exit 3 with the nearest name', async () => {
  const where = surroundings();
  await run(add('prod'), { ...where, input: url });
  const { stderr, code } = await run(['profile', 'use', 'prdo'], where);
  expect(code).toBe(3);
  expect(stderr).toContain('Did you mean prod?');
});

test('without a terminal the address is asked from nobody', async () => {
  const { stderr, code } = await run(['profile', 'add', 'prod', '--json'], surroundings());
  expect(code).toBe(2);
  expect(errorEvent(stderr)).toMatchObject({ code: 'INPUT_REQUIRED', fix: ['Add --url-stdin'] });
});

test.each([
  ['y', 0, false],
  ['n', 130, true],
  ['\u0003', 130, true],
] as const)('on a terminal it is asked, and the answer %j counts', async (input, exit, kept) => {
  const where = surroundings();
  await run(add('prod'), { ...where, input: url });
  const { stdout, code } = await run(['profile', 'remove', 'prod'], {
    ...where,
    tty: true,
    input,
    inputAfter: 'Remove profile prod?',
  });
  expect(stdout).toContain('Remove profile prod?');
  expect(code).toBe(exit);
  expect(readFileSync(where.file, 'utf8').includes('prod')).toBe(kept);
});
