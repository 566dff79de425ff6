import { DartwingError, nearest } from '../../core/errors.js';
import {
  commandTree,
  nounDocument,
  nounHelp,
  pageText,
  rootHelp,
  topics,
  verbDocument,
  verbPage,
  visibleNouns,
} from '../help/index.js';
import { findVerb } from '../line.js';
import type { NounSpec, VerbResult, VerbRun, VerbSpec } from '../spec.js';
import { allNouns, findNoun } from '../specs.js';

export const run: VerbRun = async ({ io }, { args, flags }) => {
  const path = Array.isArray(args.path) ? args.path : [];
  const [first, second] = path;
  if (first === undefined) {
    return io.machine ? { document: commandTree(allNouns()) } : { text: rootHelp(allNouns()) };
  }
  // A word may be a topic and a noun: `help config` is the topic, `config --help` and `help config show` the command.
  const topic = second === undefined && flags.command !== true ? topics[first] : undefined;
  if (topic !== undefined) return topicHelp(first, topic(allNouns()));
  const noun =
    findNoun(first) ?? unknownWord(first, [...visibleNouns(allNouns()).map(nameOf), ...Object.keys(topics)]);
  const verb = second === undefined ? onlyVerb(noun) : (findVerb(noun, second) ?? unknownVerb(noun, second));
  return commandHelp(noun, verb, io.machine);
};

function commandHelp(noun: NounSpec, verb: VerbSpec | undefined, machine: boolean): VerbResult {
  if (verb === undefined) return machine ? { document: nounDocument(noun) } : { text: nounHelp(noun) };
  return machine ? { document: verbDocument(noun, verb) } : { text: pageText(verbPage(noun, verb)) };
}

function topicHelp(name: string, topic: ReturnType<(typeof topics)[string]>): VerbResult {
  return { text: pageText({ path: name, usage: [`dartwing help ${name}`], ...topic }) };
}

function onlyVerb(noun: NounSpec): VerbSpec | undefined {
  return noun.verbs.length === 1 ? noun.verbs[0] : undefined;
}

function nameOf(noun: NounSpec): string {
  return noun.name;
}

function unknownVerb(noun: NounSpec, word: string): never {
  return unknownWord(
    word,
    noun.verbs.map((verb) => verb.name),
    `${noun.name} `,
  );
}

function unknownWord(word: string, candidates: readonly string[], path = ''): never {
  const near = nearest(word, candidates);
  const suggestion = near === undefined ? '' : `Did you mean "dartwing help ${path}${near}"?`;
  throw new DartwingError('UNKNOWN_COMMAND', { word: path + word, suggestion });
}
