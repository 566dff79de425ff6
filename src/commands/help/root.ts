/** The help of dartwing itself: what `dartwing --help` prints. */
import type { NounSpec } from '../spec.js';
import { isPlainVerb, visibleNouns, visibleVerbs } from './page.js';
import { sectionText, termLines } from './text.js';

const groups = ['Start', 'Tenancy', 'Sync', 'Work', 'Trust', 'Product', 'Server', 'Meta'] as const;

const purpose = 'dartwing runs multi-tenant, offline-first products.';

/** Sentence, usage, nouns by group, examples, where to read on. */
export function rootHelp(nouns: readonly NounSpec[]): string {
  const sections = groups.flatMap((group) => {
    const members = visibleNouns(nouns).filter((noun) => noun.group === group);
    return members.length === 0
      ? []
      : [group === 'Meta' ? namesOnly(group, members) : described(group, members)];
  });
  const usage = 'Usage: dartwing <noun> <verb> [name] [flags]\n';
  return [
    `${purpose}\n${usage}`,
    ...sections,
    sectionText({ title: 'Examples', blocks: [{ text: examples(nouns).join('\n') }] }),
    readOn,
  ]
    .join('\n')
    .concat('\n');
}

function described(group: string, members: readonly NounSpec[]): string {
  return `${group}\n${termLines(members.map((noun) => [noun.name, nounLine(noun)]))}`;
}

/** What a reader of many tools knows by name takes one line. */
function namesOnly(group: string, members: readonly NounSpec[]): string {
  return `${group}\n  ${members.map(({ name }) => name).join(', ')}\n`;
}

const readOn = `Read on
  dartwing help <noun> [verb]     how a command is used
  dartwing help {flags|output|exit-codes|environment|config|ci|safety}`;

const lineColumnsMax = 66;

/** The verbs of a noun are named where they fit on its line. */
function nounLine(noun: NounSpec): string {
  const names = visibleVerbs(noun).flatMap((verb) => (verb.name === '' ? [] : [verb.name]));
  const line = `${noun.summary}: ${names.join(' ')}`;
  return isPlainVerb(noun) || line.length > lineColumnsMax ? noun.summary : line;
}

/** The first example of the first four nouns. */
function examples(nouns: readonly NounSpec[]): string[] {
  return visibleNouns(nouns)
    .flatMap((noun) => visibleVerbs(noun).slice(0, 1))
    .flatMap((verb) => verb.examples.slice(0, 1))
    .slice(0, 4)
    .map(({ command }) => command);
}
