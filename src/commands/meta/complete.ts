import { globalFlagsOf } from '../flags.js';
import { visibleNouns, visibleVerbs } from '../help/index.js';
import { type Line, readLine } from '../line.js';
import type { ArgumentSpec, CompletionSource, FlagSpec, VerbRun, VerbSpec } from '../spec.js';
import { allNouns } from '../specs.js';
import { type Candidate, candidatesOf } from './candidates.js';

/** What stands to be completed: words that are known, or where they come from. */
type Asked =
  | { words: readonly Candidate[] }
  | { source: CompletionSource; verb: VerbSpec | undefined; list: boolean };

/** Prints candidates for the last word of a line. Says nothing rather than fail: it runs while somebody types. */
export const run: VerbRun = async (context, { args }) => {
  const line = Array.isArray(args.words) ? args.words : [];
  const { before, current, head } = lastWord(line);
  const found = await candidatesFor(context, before, current, line).catch(() => []);
  const lines = found
    .filter(([word]) => word.startsWith(current))
    .map(([word, meaning]) => `${head}${word}\t${meaning}\n`);
  return { text: lines.join(''), raw: true };
};

/**
 * The word that is being typed and those before it. Of `--output=j` the value is completed: some shells give it as
 * one word, bash as three.
 */
function lastWord(line: readonly string[]): { before: readonly string[]; current: string; head: string } {
  const words = line.filter((word, index) => word !== '=' || !line[index - 1]?.startsWith('--'));
  if (words.length < line.length && line.at(-1) === '=') return { before: words, current: '', head: '' };
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const pair = /^(--[a-z-]+)=(.*)$/s.exec(current);
  return pair === null
    ? { before, current, head: '' }
    : { before: [...before, pair[1]!], current: pair[2]!, head: `${pair[1]}=` };
}

async function candidatesFor(
  context: Parameters<VerbRun>[0],
  before: readonly string[],
  current: string,
  line: readonly string[],
): Promise<readonly Candidate[]> {
  const asked = whatIsAsked(before, current);
  if ('words' in asked) return asked.words;
  const head = asked.list ? current.slice(0, current.lastIndexOf(',') + 1) : '';
  const found = await candidatesOf(context, {
    source: asked.source,
    verb: asked.verb,
    line,
    current: current.slice(head.length),
  });
  return found.map(([word, meaning]) => [head + word, meaning]);
}

function whatIsAsked(before: readonly string[], current: string): Asked {
  const line = lineOf(before);
  if (line === undefined) return { words: [] };
  const { noun, verb } = line;
  const flags = verb === undefined ? [] : [...(verb.flags ?? []), ...globalFlagsOf(verb)];
  const flag = flagBefore(flags, before.at(-1));
  if (flag !== undefined) return ofSpec(flag, verb, flag.value?.includes(','));
  if (current.startsWith('-')) return { words: flags.map(({ name, summary }) => [`--${name}`, summary]) };
  if (noun === undefined)
    return { words: visibleNouns(allNouns()).map(({ name, summary }) => [name, summary]) };
  if (verb === undefined) return { words: visibleVerbs(noun).map(({ name, summary }) => [name, summary]) };
  return ofSpec(argumentAt(verb.arguments ?? [], line.rest, flags), verb);
}

function ofSpec(
  spec: ArgumentSpec | FlagSpec | undefined,
  verb: VerbSpec | undefined,
  list: boolean = false,
): Asked {
  if (spec?.choices !== undefined) return { words: spec.choices.map((choice) => [choice, spec.summary]) };
  return spec?.complete === undefined ? { words: [] } : { source: spec.complete, verb, list };
}

function lineOf(words: readonly string[]): Line | undefined {
  try {
    return readLine(words);
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
