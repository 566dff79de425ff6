/**
 * Finds the noun and the verb of a command line before anything is parsed, so that only the parser of that one
 * verb has to be built.
 */
import { DartwingError, nearest } from '../core/errors.js';
import { globalFlags } from './flags.js';
import type { NounSpec, VerbSpec } from './spec.js';
import { allNouns, findNoun } from './specs.js';

/** A command line taken apart. */
export interface Line {
  noun: NounSpec | undefined;
  verb: VerbSpec | undefined;
  /** Everything but the words of the command path, in its order. */
  rest: readonly string[];
  help: boolean;
  version: boolean;
}

const flagsWithValue = new Set(
  globalFlags
    .filter((flag) => flag.value !== undefined)
    .flatMap((flag) => [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])]),
);

/** `org create`, or `doctor` for a noun that is itself the verb. */
export function commandPath(noun: NounSpec, verb: VerbSpec): string {
  return verb.name === '' ? noun.name : `${noun.name} ${verb.name}`;
}

/** The verb of this name or alias. */
export function findVerb(noun: NounSpec, word: string): VerbSpec | undefined {
  return noun.verbs.find((verb) => verb.name !== '' && (verb.name === word || verb.aliases?.includes(word)));
}

/** Takes a line apart. Throws UNKNOWN_COMMAND for a word that names nothing, and USAGE for a flag before its verb. */
export function readLine(argv: readonly string[]): Line {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const words = argv.slice(0, end);
  const line: { -readonly [K in keyof Line]: Line[K] } = {
    noun: undefined,
    verb: undefined,
    rest: [],
    help: words.includes('--help') || words.includes('-h'),
    version: words.includes('--version') || words.includes('-V'),
  };
  const rest: string[] = [];
  let early: string | undefined;
  let index = 0;
  for (; index < end && line.verb === undefined; index++) {
    const word = words[index]!;
    if (word.startsWith('-') && word !== '-') {
      rest.push(word);
      if (flagsWithValue.has(word) && index + 1 < end) rest.push(words[++index]!);
      else if (!isGlobal(word)) early ??= word;
    } else if (line.noun === undefined) {
      line.noun = findNoun(word) ?? unknown(word, [], allNouns(), early);
      line.verb = onlyVerb(line.noun);
    } else if (word === 'help') {
      line.help = true;
    } else {
      line.verb = findVerb(line.noun, word) ?? unnamedVerb(line.noun);
      if (line.verb === undefined) unknown(word, [line.noun.name], line.noun.verbs, early);
      else if (line.verb.name === '') rest.push(word);
    }
  }
  if (line.noun !== undefined) line.verb ??= unnamedVerb(line.noun);
  else if (early !== undefined && !line.help && !line.version) unknownFlag(early);
  line.rest = [...rest, ...argv.slice(index)];
  return line;
}

function unnamedVerb(noun: NounSpec): VerbSpec | undefined {
  return noun.verbs.find((verb) => verb.name === '');
}

function onlyVerb(noun: NounSpec): VerbSpec | undefined {
  return noun.verbs.length === 1 ? unnamedVerb(noun) : undefined;
}

function isGlobal(word: string): boolean {
  const name = word.replace(/=.*/s, '');
  return globalFlags.some((flag) => name === `--${flag.name}` || name === `-${flag.short}`);
}

function unknownFlag(flag: string): never {
  const name = nearest(
    flag,
    globalFlags.map((known) => `--${known.name}`),
  );
  const why = name === undefined ? {} : { why: `Did you mean ${name}?` };
  throw new DartwingError(
    'USAGE',
    { message: `Unknown option "${flag}"` },
    { ...why, fix: ['dartwing --help'] },
  );
}

function unknown(
  word: string,
  path: readonly string[],
  candidates: readonly (NounSpec | VerbSpec)[],
  early: string | undefined,
): never {
  if (early !== undefined) {
    throw new DartwingError(
      'USAGE',
      { message: `${early} must come after the verb` },
      { fix: ['dartwing --help'] },
    );
  }
  const names = candidates
    .filter((candidate) => !('hidden' in candidate && candidate.hidden))
    .flatMap((candidate) => [candidate.name, ...(candidate.aliases ?? [])])
    .filter((name) => name !== '' && !name.startsWith('_'));
  const near = nearest(word, names);
  const suggestion = near === undefined ? '' : `Did you mean "dartwing ${[...path, near].join(' ')}"?`;
  throw new DartwingError(
    'UNKNOWN_COMMAND',
    { word: [...path, word].join(' '), suggestion },
    { fix: [`dartwing ${[...path, '--help'].join(' ')}`] },
  );
}
