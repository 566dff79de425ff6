/** Answers of the verbs on persons. */
import type { Change } from '../../core/index.js';
import { change } from '../change.js';
import type { TableView, VerbResult } from '../spec.js';

/** Columns of lists of persons. */
export const personTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'email', path: 'primary_email' },
    { header: 'name', path: 'full_name' },
    { header: 'phone', path: 'mobile_no' },
    { header: 'source', path: 'source' },
    { header: 'account', path: 'user_sync_status' },
    { header: 'state', path: 'status.state' },
    { header: 'created', path: 'created_at' },
  ],
};

/** The answer of a verb that changed a person. */
export function personChange(
  done: Change<object>,
  sentence: string,
  next: readonly string[] = [],
): VerbResult {
  return change({
    op: done.op,
    ref: done.ref,
    before: done.before,
    after: done.after,
    dryRun: done.dry_run,
    audit: done.audit,
    sentence,
    next: done.op === 'none' || done.dry_run ? [] : next,
  });
}
