/** Who may see a job. */
import { isAuthorized, type Scope } from '../access/index.js';
import { jobId } from './document.js';
import type { JobRow } from './row.js';

/** A job as rights see it. */
export function refOf(row: Pick<JobRow, 'organization' | 'number' | 'created_at' | 'owner'>) {
  return { doctype: 'Background Job', name: jobId(row), organization: row.organization, owner: row.owner };
}

/** Whether the principal may see a job at all. */
export function maySee(scope: Scope, row: JobRow): boolean {
  return isAuthorized(scope, 'read', refOf(row));
}
