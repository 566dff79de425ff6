/**
 * A page of the manual as data. Help on the terminal, man pages and the Markdown reference are three
 * renderings of it.
 */
import { flagUsage } from '../flags.js';
import { commandPath } from '../line.js';
import type { ArgumentSpec, FlagSpec, NounSpec, VerbSpec } from '../spec.js';

/** One part of a section. */
export type Block =
  | { text: string }
  /** Words and what they mean. */
  | { terms: readonly (readonly [string, string])[] }
  /** Command lines, each with its purpose. */
  | { commands: readonly (readonly [string, string])[] };

export interface Section {
  title: string;
  blocks: readonly Block[];
}

export interface Page {
  /** `org create` */
  path: string;
  summary: string;
  usage: readonly string[];
  sections: readonly Section[];
}

/** `dartwing org create <slug> [flags]` */
export function verbUsage(noun: NounSpec, verb: VerbSpec): string {
  const words = (verb.arguments ?? []).map(argumentUsage);
  return ['dartwing', commandPath(noun, verb), ...words, '[flags]'].join(' ');
}

/** The page of one verb: examples first, then what it takes, then what it gives. */
export function verbPage(noun: NounSpec, verb: VerbSpec): Page {
  return {
    path: commandPath(noun, verb),
    summary: verb.summary,
    usage: [verbUsage(noun, verb), ...aliasUsage(noun, verb)],
    sections: [
      ...(verb.description === undefined ? [] : [text('Description', verb.description)]),
      {
        title: 'Examples',
        blocks: [{ commands: verb.examples.map(({ note, command }) => [command, note] as const) }],
      },
      ...terms('Arguments', (verb.arguments ?? []).map(argumentTerm)),
      {
        title: 'Flags',
        blocks: [
          ...((verb.flags ?? []).length === 0 ? [] : [{ terms: (verb.flags ?? []).map(flagTerm) }]),
          { text: `Global flags: dartwing help flags${verb.mutates ? ' (--dry-run works here)' : ''}` },
        ],
      },
      text('Output', outputText(verb)),
      ...(verb.danger === 'none' || verb.danger === 'mild' ? [] : [text('Safety', safetyText(verb))]),
      ...terms(
        'Exit codes',
        Object.entries(verb.exits ?? {}).map(([code, meaning]) => [code, meaning]),
      ),
      ...terms('Environment', environmentTerms(verb)),
      ...(verb.seeAlso === undefined
        ? []
        : [text('See also', verb.seeAlso.map((path) => `dartwing ${path}`).join(', '))]),
    ],
  };
}

/** The page of a noun: its verbs. */
export function nounPage(noun: NounSpec): Page {
  const verbs = visibleVerbs(noun);
  return {
    path: noun.name,
    summary: noun.summary,
    usage: [`dartwing ${noun.name} <verb> [flags]`],
    sections: [
      ...terms(
        'Verbs',
        verbs.map((verb) => [commandPath(noun, verb), verb.summary]),
      ),
      ...(noun.aliases === undefined ? [] : [text('Aliases', noun.aliases.join(', '))]),
      {
        title: 'Examples',
        blocks: [
          {
            commands: verbs
              .slice(0, 4)
              .flatMap((verb) => verb.examples.slice(0, 1))
              .map(({ command, note }) => [command, note] as const),
          },
        ],
      },
      text('See also', `dartwing help ${noun.name} <verb>`),
    ],
  };
}

/** Verbs that help and completion speak of. */
export function visibleVerbs(noun: NounSpec): readonly VerbSpec[] {
  return noun.verbs.filter((verb) => verb.hidden !== true);
}

/** Nouns that have at least one such verb. */
export function visibleNouns(nouns: readonly NounSpec[]): readonly NounSpec[] {
  return nouns.filter((noun) => visibleVerbs(noun).length > 0);
}

/** Whether a noun is its only verb: `doctor`. */
export function isPlainVerb(noun: NounSpec): boolean {
  return noun.verbs.length === 1 && noun.verbs[0]?.name === '';
}

/** A flag and its meaning, with default and environment. */
export function flagTerm(flag: FlagSpec): readonly [string, string] {
  const notes = [
    ...(flag.repeat ? ['may be repeated'] : []),
    ...(flag.default === undefined ? [] : [`default ${flag.default}`]),
    ...(flag.env === undefined ? [] : [flag.env]),
  ];
  return [flagUsage(flag), notes.length === 0 ? flag.summary : `${flag.summary} (${notes.join(', ')})`];
}

function argumentTerm(argument: ArgumentSpec): readonly [string, string] {
  const choices = argument.choices === undefined ? '' : ` (${argument.choices.join(', ')})`;
  return [argumentUsage(argument), argument.summary + choices];
}

function argumentUsage({ name, required, variadic }: ArgumentSpec): string {
  const word = variadic ? `${name}...` : name;
  return required ? `<${word}>` : `[${word}]`;
}

function aliasUsage(noun: NounSpec, verb: VerbSpec): string[] {
  const names =
    verb.name === '' ? (noun.aliases ?? []) : (verb.aliases ?? []).map((alias) => `${noun.name} ${alias}`);
  return names.map((name) => `dartwing ${name}  (the same)`);
}

function outputText(verb: VerbSpec): string {
  return verb.output.length === 0
    ? 'Text'
    : `${verb.output.join(' or ')} (dartwing schema ${verb.output[0]})`;
}

function safetyText({ danger, needsReason }: VerbSpec): string {
  const confirmation =
    danger === 'severe'
      ? 'Asks for the name to be typed; without a terminal add --confirm <name>. --yes is not enough.'
      : 'Asks before it acts; without a terminal add --yes.';
  return needsReason ? `${confirmation} Needs --reason.` : confirmation;
}

function environmentTerms(verb: VerbSpec): (readonly [string, string])[] {
  return (verb.flags ?? []).flatMap((flag) =>
    flag.env === undefined ? [] : [[flag.env, `--${flag.name}`] as const],
  );
}

function text(title: string, content: string): Section {
  return { title, blocks: [{ text: content }] };
}

function terms(title: string, rows: readonly (readonly [string, string])[]): Section[] {
  return rows.length === 0 ? [] : [{ title, blocks: [{ terms: rows }] }];
}
