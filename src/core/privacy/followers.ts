/** What privacy does when something happens to an organization or a person. */
import type { DomainEvents, Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { deleteConsents } from './queries.js';
import { deleteProtection, isRestrictedAnywhere } from './retention-queries.js';

/** Subscribes to `organization.purging`. The keys of subjects stay: the trail does. */
export async function dropConsentHistory(
  { tx }: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteConsents(tx, organization.id);
  await deleteProtection(tx, organization.id);
}

/**
 * Subscribes to `person.changing`: the record of a person serves all organizations, so what one of them has to keep as it
 * is stays so for all (GDPR Art. 18). The person's own will is not barred.
 * @throws PROCESSING_RESTRICTED
 */
export async function refuseRestricted(
  { tx }: Scope,
  { person }: DomainEvents['person.changing'],
): Promise<void> {
  if (await isRestrictedAnywhere(tx, person))
    throw new DartwingError('PROCESSING_RESTRICTED', { ref: `person/${person}`, person });
}
