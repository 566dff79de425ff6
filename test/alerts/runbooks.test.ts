import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readLine } from '../../src/commands/line.js';
import { parseVerb } from '../../src/commands/program.js';
import { readRules, runbookOf } from '../../src/core/alerts/rules.js';
import { packageRoot } from '../../src/core/package-root.js';
import { exampleWords } from '../support/cli.js';

const rules = readRules();
const pageOf = (id: string) => readFileSync(join(packageRoot(), runbookOf(id)), 'utf8');

test('every alert has its page, and every page its alert', () => {
  const missing = rules
    .filter(({ id }) => !existsSync(join(packageRoot(), runbookOf(id))))
    .map(({ id }) => id);
  expect(missing).toEqual([]);
  const pages = readdirSync(join(packageRoot(), 'docs/runbooks')).map((name) => name.replace('.md', ''));
  expect(pages.sort()).toEqual(rules.map(({ id }) => id).sort());
});

test.each(rules.map(({ id }) => [id] as const))('%s names commands that exist', (id) => {
  const text = pageOf(id);
  const commands = text.match(/^dartwing .*$/gm) ?? [];
  expect(commands.length).toBeGreaterThan(1);
  const wrong = commands.flatMap((command) => {
    try {
      const { noun, verb, rest } = readLine(exampleWords(command));
      if (noun === undefined || verb === undefined) return [command];
      parseVerb(noun, verb, rest, {});
      return [];
    } catch (error) {
      return [`${command}: ${(error as Error).message}`];
    }
  });
  expect(wrong).toEqual([]);
  expect(text.startsWith(`# ${id}\n`)).toBe(true);
});
