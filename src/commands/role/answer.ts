/** Answers of the verbs on role templates. */
import type { Change } from '../../core/index.js';
import { change } from '../change.js';
import type { TableView, VerbResult } from '../spec.js';

/** Columns of lists of roles. */
export const roleTable: TableView = {
  columns: [
    { header: 'name', path: 'name' },
    { header: 'type', path: 'applies_to_org_type' },
    { header: 'supervisor', path: 'is_supervisor' },
    { header: 'rate (cents)', path: 'default_hourly_rate_cents', align: 'right' },
  ],
};

/** The answer of a verb that changed a role. */
export function roleChange(done: Change<object>, sentence: string): VerbResult {
  const { op, ref, before, after, dry_run: dryRun, audit } = done;
  return change({ op, ref, before, after, dryRun, audit, sentence });
}
