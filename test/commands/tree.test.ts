import { describe, expect, test } from 'vitest';
import { topics, visibleNouns, visibleVerbs } from '../../src/commands/help/index.js';
import { commandPath, readLine } from '../../src/commands/line.js';
import { parseVerb } from '../../src/commands/program.js';
import { schemas } from '../../src/commands/schemas/index.js';
import { allNouns, findNoun } from '../../src/commands/specs.js';
import { exampleWords, run } from '../support/cli.js';

const nouns = allNouns();
const verbs = visibleNouns(nouns).flatMap((noun) => visibleVerbs(noun).map((verb) => ({ noun, verb })));

describe.each(verbs.map(({ noun, verb }) => ({ path: commandPath(noun, verb), noun, verb })))(
  '$path',
  ({ path, noun, verb }) => {
    test('says in at most 72 columns what it does, beginning with a verb', () => {
      expect(verb.summary.length).toBeLessThanOrEqual(72);
      expect(verb.summary).toMatch(/^[A-Z][a-z-]+ /);
      expect(verb.summary).not.toMatch(/\.$/);
    });

    test('has at least two examples, and they parse to it', () => {
      expect(verb.examples.length).toBeGreaterThanOrEqual(2);
      for (const { command, note } of verb.examples) {
        const line = readLine(exampleWords(command));
        expect(line.noun && line.verb && commandPath(line.noun, line.verb)).toBe(path);
        expect(() => parseVerb(noun, verb, line.rest, {})).not.toThrow();
        expect(note.length).toBeGreaterThan(0);
      }
    });

    test('prints documents that have a schema', () => {
      for (const kind of verb.output) expect(Object.keys(schemas)).toContain(kind);
    });

    test('asks for approval only where something changes', () => {
      if (verb.danger === 'moderate' || verb.danger === 'severe') expect(verb.mutates).toBe(true);
    });

    test('refers to commands and topics that exist', () => {
      for (const other of verb.seeAlso ?? []) {
        const words = other.split(' ');
        if (words[0] === 'help' && words[1] !== undefined && words[1] in topics) continue;
        expect(() => readLine(words)).not.toThrow();
      }
    });
  },
);

test('names are nouns in the singular, and no name or alias is given twice', () => {
  const names = nouns.flatMap((noun) => [noun.name, ...(noun.aliases ?? [])]);
  expect(new Set(names).size).toBe(names.length);
  for (const noun of nouns) {
    for (const name of [noun.name, ...(noun.aliases ?? [])]) expect(findNoun(name)).toBe(noun);
    const words = noun.verbs.flatMap((verb) => [verb.name, ...(verb.aliases ?? [])]);
    expect(new Set(words).size).toBe(words.length);
  }
});

test('help --json prints the whole tree', async () => {
  const { stdout, code } = await run(['help', '--json']);
  const tree = JSON.parse(stdout) as { kind: string; nouns: { verbs: { path: string }[] }[] };
  expect(code).toBe(0);
  expect(tree.kind).toBe('Help');
  expect(tree.nouns.flatMap((noun) => noun.verbs.map((verb) => verb.path))).toEqual(
    verbs.map(({ noun, verb }) => commandPath(noun, verb)),
  );
});

test('the root help has at most 60 lines of at most 80 columns', async () => {
  const { stdout } = await run(['--help']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(60);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('the fast way and the long way print the same help and version', async () => {
  const [fast, long] = await Promise.all([run(['--help']), run(['help', '--no-color'])]);
  expect(fast.stdout).toBe(long.stdout);
  const [bare, document] = await Promise.all([run(['--version']), run(['version', '--field', 'cli'])]);
  expect(bare.stdout).toBe(document.stdout);
});

test.each(Object.keys(topics))('help %s is a topic', async (topic) => {
  const { stdout, code } = await run(['help', topic]);
  expect(code).toBe(0);
  expect(stdout).toContain('Usage');
});
