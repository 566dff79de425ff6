/** What the room does when other rooms change; subscribers of their events. */
import type { DomainEvents, Scope } from '../access/index.js';
import { deleteInvitations, moveInvitations } from './queries.js';

/** Subscribes to `organization.purging`: its invitations go with it. */
export async function dropInvitations(
  scope: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteInvitations(scope.tx, organization.id);
}

/** Subscribes to `person.merging`: invitations of the loser are the winner's. */
export async function followMergedInvitee(
  scope: Scope,
  { winner, loser, moved }: DomainEvents['person.merging'],
): Promise<void> {
  moved.invitations = (moved.invitations ?? 0) + (await moveInvitations(scope.tx, loser, winner));
}
