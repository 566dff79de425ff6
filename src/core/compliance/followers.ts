/** What compliance does when something happens to an organization. */
import type { DomainEvents, Scope } from '../access/index.js';
import { deleteAll } from './queries.js';

/** Subscribes to `organization.purging`. The trail keeps what was in force. */
export async function dropCompliance(
  { tx }: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteAll(tx, organization.id);
}
