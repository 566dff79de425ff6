import { errorCatalogue } from '../../core/errors.js';
import { globalFlagsOf } from '../flags.js';
import { topics, visibleNouns, visibleVerbs } from '../help/index.js';
import { type Line, readLine } from '../line.js';
import type { ArgumentSpec, FlagSpec, VerbRun } from '../spec.js';
import { nouns } from '../specs.js';

/** A word that may stand here, and what it means. */
type Candidate = readonly [word: string, meaning: string];

/** Prints candidates for the last word of a line. Says nothing rather than fail: it runs while somebody types. */
export const run: VerbRun = async (_context, { args }) => {
  const words = Array.isArray(args.words) ? args.words : [];
  const current = words.at(-1) ?? '';
  const lines = candidates(words.slice(0, -1), current)
    .filter(([word]) => word.startsWith(current))
    .map(([word, meaning]) => `${word}\t${meaning}\n`);
  return { text: lines.join('') };
};

function candidates(before: readonly string[], current: string): readonly Candidate[] {
  const line = lineOf(before);
  if (line === undefined) return [];
  const { noun, verb } = line;
  const flags = verb === undefined ? [] : [...(verb.flags ?? []), ...globalFlagsOf(verb)];
  const asked = flagBefore(flags, before.at(-1));
  if (asked !== undefined) return (asked.choices ?? []).map((choice) => [choice, asked.summary]);
  if (current.startsWith('-')) return flags.map((flag) => [`--${flag.name}`, flag.summary]);
  if (noun === undefined) return visibleNouns(nouns).map(({ name, summary }) => [name, summary]);
  if (verb === undefined) return visibleVerbs(noun).map(({ name, summary }) => [name, summary]);
  return argumentCandidates(argumentAt(verb.arguments ?? [], line.rest, flags));
}

function lineOf(words: readonly string[]): Line | undefined {
  try {
    return readLine(words, nouns);
  } catch {
    return undefined;
  }
}

/** The flag that waits for its value. */
function flagBefore(flags: readonly FlagSpec[], word: string | undefined): FlagSpec | undefined {
  if (word === undefined || !word.startsWith('-')) return undefined;
  return flags.find(
    ({ name, short, value }) => value !== undefined && (word === `--${name}` || word === `-${short}`),
  );
}

/** The argument that the next bare word would be. */
function argumentAt(
  expected: readonly ArgumentSpec[],
  rest: readonly string[],
  flags: readonly FlagSpec[],
): ArgumentSpec | undefined {
  const given = rest.filter(
    (word, index) => !word.startsWith('-') && flagBefore(flags, rest[index - 1]) === undefined,
  );
  const last = expected.at(-1);
  return expected[given.length] ?? (last?.variadic ? last : undefined);
}

function argumentCandidates(argument: ArgumentSpec | undefined): readonly Candidate[] {
  const choices = argument?.choices?.map((choice) => [choice, argument.summary] as const);
  if (choices !== undefined) return choices;
  if (argument?.complete === 'codes')
    return Object.entries(errorCatalogue).map(([code, { what }]) => [code, what]);
  if (argument?.complete === 'kinds') return kinds().map((kind) => [kind, 'document kind']);
  if (argument?.complete === 'topics') {
    const commands = visibleNouns(nouns).map(({ name, summary }) => [name, summary] as const);
    return [...commands, ...Object.keys(topics).map((name) => [name, 'topic'] as const)];
  }
  return [];
}

function kinds(): string[] {
  return [...new Set(nouns.flatMap((noun) => noun.verbs.flatMap((verb) => verb.output)))].sort();
}
