/** What privacy does when something happens to an organization or a person. */
import type { DomainEvents, Scope } from '../access/index.js';
import { deleteConsents } from './queries.js';

/** Subscribes to `organization.purging`. The keys of subjects stay: the trail does. */
export async function dropConsentHistory(
  { tx }: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteConsents(tx, organization.id);
}
