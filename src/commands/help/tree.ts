/** The command tree as one document, for programs, tests and agents. */
import { packageVersion } from '../../core/package-root.js';
import { globalFlags } from '../flags.js';
import { commandPath } from '../line.js';
import type { Document, FlagSpec, NounSpec, VerbSpec } from '../spec.js';
import { verbUsage, visibleNouns, visibleVerbs } from './page.js';

/** Everything that exists. */
export function commandTree(nouns: readonly NounSpec[]): Document {
  return {
    api_version: 'dartwing/v1',
    kind: 'Help',
    version: packageVersion(),
    global_flags: globalFlags.map(flagNode),
    nouns: visibleNouns(nouns).map(nounNode),
  };
}

/** The part of the tree below one noun. */
export function nounDocument(noun: NounSpec): Document {
  return { api_version: 'dartwing/v1', kind: 'Help', version: packageVersion(), nouns: [nounNode(noun)] };
}

/** The part of the tree that is one verb. */
export function verbDocument(noun: NounSpec, verb: VerbSpec): Document {
  const node = { ...nounNode(noun), verbs: [verbNode(noun, verb)] };
  return { api_version: 'dartwing/v1', kind: 'Help', version: packageVersion(), nouns: [node] };
}

function nounNode(noun: NounSpec) {
  return {
    name: noun.name,
    aliases: noun.aliases ?? [],
    group: noun.group,
    summary: noun.summary,
    verbs: visibleVerbs(noun).map((verb) => verbNode(noun, verb)),
  };
}

function verbNode(noun: NounSpec, verb: VerbSpec) {
  return {
    path: commandPath(noun, verb),
    name: verb.name,
    aliases: verb.aliases ?? [],
    summary: verb.summary,
    description: verb.description ?? null,
    usage: verbUsage(noun, verb),
    arguments: (verb.arguments ?? []).map(({ name, summary, required, variadic }) => ({
      name,
      summary,
      required,
      variadic: variadic ?? false,
    })),
    flags: (verb.flags ?? []).map(flagNode),
    examples: verb.examples,
    output: verb.output,
    danger: verb.danger,
    mutates: verb.mutates,
    needs_reason: verb.needsReason ?? false,
    long: verb.long ?? false,
    exits: verb.exits ?? {},
    see_also: verb.seeAlso ?? [],
    deprecated: verb.deprecated ?? null,
  };
}

function flagNode(flag: FlagSpec) {
  return {
    name: flag.name,
    short: flag.short ?? null,
    value: flag.value ?? null,
    choices: flag.choices ?? null,
    repeat: flag.repeat ?? false,
    default: flag.default ?? null,
    env: flag.env ?? null,
    summary: flag.summary,
  };
}
