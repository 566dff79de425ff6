/** Answers of the verbs on organizations. */
import type { Change } from '../../core/index.js';
import { changed } from '../change.js';
import type { CommandContext } from '../context.js';
import type { TableView, VerbResult } from '../spec.js';

/** Columns of lists of organizations. */
export const organizationTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'slug', path: 'slug' },
    { header: 'name', path: 'name' },
    { header: 'type', path: 'type' },
    { header: 'tier', path: 'tier' },
    { header: 'region', path: 'region' },
    { header: 'state', path: 'status.state' },
    { header: 'created', path: 'created_at' },
  ],
};

/** The answer of a verb that changed an organization. */
export function organizationChange(
  { io }: Pick<CommandContext, 'io'>,
  done: Change,
  sentence: string,
  next: readonly string[] = [],
): VerbResult {
  for (const warning of done.warnings ?? []) io.warn('CHECK', warning);
  return changed(done, sentence, next);
}
