import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { errorCatalogue } from '../../src/core/errors.js';
import { run, temporaryFolder } from '../support/cli.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('docs/errors.md has one section for each code of the catalogue, and no other', () => {
  const text = readFileSync(`${root}/docs/errors.md`, 'utf8');
  const sections = [...text.matchAll(/^## (\w+)$/gm)].map((match) => match[1]);
  expect(sections).toEqual(Object.keys(errorCatalogue).sort());
});

test('the reference pages are those that the program makes', () => {
  expect(() =>
    execFileSync(process.execPath, ['scripts/docs.mjs', '--check'], { cwd: root, stdio: 'pipe' }),
  ).not.toThrow();
});

test('a manual page is well-formed roff', async () => {
  const { stdout, code } = await run(['man', 'config', 'show']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\.TH "DARTWING-CONFIG-SHOW" "1"/);
  expect(stdout).toContain('.SH EXAMPLES');
  expect(stdout.split('\n').filter((line) => /^[^.].*[^\\]-/.test(line))).toEqual([]);
});

test('man --dir writes a page for every command', async () => {
  const folder = temporaryFolder();
  const { readdirSync } = await import('node:fs');
  expect((await run(['man', '--dir', folder])).code).toBe(0);
  expect(readdirSync(folder)).toEqual(
    expect.arrayContaining(['dartwing.1', 'dartwing-config.1', 'dartwing-config-show.1']),
  );
});

test('explain knows every code, also in other spellings', async () => {
  const { stdout } = await run(['explain', 'plan-stale']);
  expect(stdout).toMatch(/^PLAN_STALE\n/);
});
