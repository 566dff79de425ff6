/** What privacy does when something happens to an organization or a person. */
import type { DomainEvents, Scope } from '../access/index.js';
import { deleteConsents } from './queries.js';
import { deleteProtection, moveRestrictions } from './retention-queries.js';

/** Subscribes to `organization.purging`. The keys of subjects stay: the trail does. */
export async function dropConsentHistory(
  { tx }: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteConsents(tx, organization.id);
  await deleteProtection(tx, organization.id);
}

/** Subscribes to `person.merging`: who becomes another person stays restricted. */
export async function followMergedSubject(
  { tx }: Scope,
  { winner, loser }: DomainEvents['person.merging'],
): Promise<void> {
  await moveRestrictions(tx, loser, winner);
}
