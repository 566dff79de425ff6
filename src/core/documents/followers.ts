/** What happens to documents when something happens to their organization. */
import type { DomainEvents, Scope } from '../access/index.js';
import { deleteAll } from './change-queries.js';
import { deleteVault } from './vault-queries.js';

/** Subscribes to `organization.purging`: its documents go with it. */
export async function dropDocuments(
  { tx }: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteVault(tx, organization.id);
  await deleteAll(tx, organization.id);
}
