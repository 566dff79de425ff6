/** The whole manual: a page for dartwing, for each noun and for each verb. */
import { globalFlags } from '../flags.js';
import type { NounSpec } from '../spec.js';
import { flagTerm, isPlainVerb, nounPage, type Page, verbPage, visibleNouns, visibleVerbs } from './page.js';

/** Pages in the order of the specs; the first one, of dartwing itself, has no noun. */
export function manualPages(
  nouns: readonly NounSpec[],
): readonly { noun: NounSpec | undefined; page: Page }[] {
  return [
    { noun: undefined, page: rootPage(nouns) },
    ...visibleNouns(nouns).flatMap((noun) => [
      ...(isPlainVerb(noun) ? [] : [{ noun, page: nounPage(noun) }]),
      ...visibleVerbs(noun).map((verb) => ({ noun, page: verbPage(noun, verb) })),
    ]),
  ];
}

function rootPage(nouns: readonly NounSpec[]): Page {
  return {
    path: '',
    summary: 'Run multi-tenant, offline-first products',
    usage: ['dartwing <noun> <verb> [name] [flags]'],
    sections: [
      {
        title: 'Commands',
        blocks: [{ terms: visibleNouns(nouns).map((noun) => [noun.name, noun.summary] as const) }],
      },
      { title: 'Global flags', blocks: [{ terms: globalFlags.map(flagTerm) }] },
      {
        title: 'See also',
        blocks: [{ text: 'dartwing help {flags|output|exit-codes|environment|config|ci|safety}' }],
      },
    ],
  };
}
