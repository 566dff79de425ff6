/** What happens to devices, answers and conflicts when something happens to their organization. */
import type { DomainEvents, Scope } from '../access/index.js';

/** Subscribes to `organization.purging`, before the documents go. */
export async function dropSync(
  { tx }: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  for (const table of ['sync_conflict', 'sync_operation', 'sync_device', 'sync_rule'])
    await tx.query(`delete from ${table} where organization = $1`, [organization.id]);
}
