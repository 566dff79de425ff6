/** Words that completion offers, by where they come from. What costs time is loaded only for the source that needs it. */
import { configKeyNames, configKeySpec, fileName } from '../../core/config-keys.js';
import { errorCatalogue } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { topics, visibleNouns } from '../help/index.js';
import type { CompletionSource, VerbSpec } from '../spec.js';
import { allNouns } from '../specs.js';

/** A word that may stand here, and what it means. */
export type Candidate = readonly [word: string, meaning: string];

/** What is being completed. */
export interface Question {
  source: CompletionSource;
  verb: VerbSpec | undefined;
  /** The whole line: its flags say which database is meant. */
  line: readonly string[];
  /** What is typed of the word so far. */
  current: string;
}

/** All candidates of a source; the caller keeps those that begin with what is typed. */
export async function candidatesOf(
  context: CommandContext,
  question: Question,
): Promise<readonly Candidate[]> {
  switch (question.source) {
    case 'codes':
      return Object.entries(errorCatalogue).map(([code, { what }]) => [code, what]);
    case 'kinds':
      return [
        ...kinds().map((kind) => [kind, 'document kind'] as const),
        ['openapi', 'interface of the server'],
      ];
    case 'settings':
      return configKeyNames.map((key) => [fileName(key), configKeySpec(key).summary]);
    case 'topics':
      return [
        ...visibleNouns(allNouns()).map(({ name, summary }) => [name, summary] as const),
        ...Object.keys(topics).map((name) => [name, 'topic'] as const),
      ];
    case 'templates': {
      const { listTemplates } = await import('../templates.js');
      return listTemplates().map(({ name, summary }) => [name, summary]);
    }
    case 'profiles': {
      const { openProfiles } = await import('../profile/user-file.js');
      return openProfiles(context)
        .list()
        .map(({ name, url }) => [name, typeof url === 'string' ? url : 'profile']);
    }
    case 'fields': {
      const { fieldsOf } = await import('./fields.js');
      return fieldsOf(question.verb?.output ?? []).map((path) => [path, 'field']);
    }
    case 'organizations':
    case 'roles': {
      const { findNames } = await import('./names.js');
      return findNames(context, question.source, question);
    }
    case 'files':
      return [];
  }
}

function kinds(): string[] {
  return [...new Set(allNouns().flatMap((noun) => noun.verbs.flatMap((verb) => verb.output)))].sort();
}
