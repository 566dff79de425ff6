/** What this room does when others act. */
import type { DomainEvents, Scope } from '../access/index.js';
import { deleteIntegrations, moveIntegrations } from './queries.js';

/** Subscribes to `organization.purging`: credentials go with it. */
export async function dropIntegrations(
  scope: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteIntegrations(scope.tx, organization.id);
}

/** Subscribes to `person.merging`: what the one connected, the other has connected. */
export async function followMergedConnector(
  scope: Scope,
  { winner, loser, moved }: DomainEvents['person.merging'],
): Promise<void> {
  moved.integrations = await moveIntegrations(scope.tx, loser, winner);
}
