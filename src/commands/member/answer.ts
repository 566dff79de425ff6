/** Answers of the verbs on memberships. */
import type { MemberChange } from '../../core/index.js';
import type { TableView, VerbResult } from '../spec.js';

/** Columns of lists of members. */
export const memberTable: TableView = {
  columns: [
    { header: 'person', path: 'person' },
    { header: 'email', path: 'email' },
    { header: 'name', path: 'name' },
    { header: 'role', path: 'role' },
    { header: 'supervisor', path: 'is_supervisor' },
    { header: 'state', path: 'status.state' },
    { header: 'start', path: 'start_date' },
    { header: 'end', path: 'end_date' },
  ],
};

/** The answer of a verb that changed a membership. */
export function memberChange(done: MemberChange, sentence: string): VerbResult {
  const qualifier =
    done.op === 'none' ? ' (no change)' : done.dry_run ? ' (dry run: nothing was written)' : '';
  return {
    document: { ...done },
    table: { columns: [], sentence: sentence + qualifier },
  };
}
