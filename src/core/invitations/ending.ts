/** Ends of invitations before they are accepted, and of guests' time after. */
import { authorize, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { dismissInvitee, type EndedGuest, endGuest } from '../people/index.js';
import { organizationFacts, requireOrganization } from '../tenancy/index.js';
import { recordInvitation } from './create.js';
import { type InvitationDocument, invitationDocument, stateAt } from './document.js';
import { aboutOf, type Desk, letterOf } from './letter.js';
import { type InvitationRow, takeExpired, updateInvitation } from './queries.js';
import { requireInvitation } from './show.js';

/**
 * Takes an invitation back, also one that waits for approval. The pending member becomes a former one. Again: no
 * change.
 * @throws INVITATION_NOT_FOUND, INVITATION_STATE (accepted or expired)
 */
export async function revokeInvitation(
  scope: Scope,
  desk: Desk,
  ref: string,
  id: string,
): Promise<InvitationDocument> {
  const { id: organization } = await requireOrganization(scope, ref, true);
  authorize(scope, 'delete', { doctype: 'Invitation', name: id, organization });
  const row = await requireInvitation(scope, organization, id, true);
  const state = stateAt(row, scope.clock.now());
  if (state === 'revoked') return invitationDocument(row, scope.clock.now(), await letterOf(scope, row));
  if (state !== 'pending' && state !== 'awaiting_approval') {
    throw new DartwingError('INVITATION_STATE', { action: 'revoked', state });
  }
  return end(scope, desk, row, 'revoked');
}

/** Writes down which invitations have run out at `now`; at most `limits.endingBatchMax` at once. */
export async function expireInvitations(
  scope: Scope,
  desk: Desk,
  now: Date,
  ref?: string,
): Promise<InvitationDocument[]> {
  const organization = ref === undefined ? undefined : (await requireOrganization(scope, ref)).id;
  authorize(scope, 'write', { doctype: 'Invitation', name: '*', organization });
  const rows = await takeExpired(scope.tx, organization, now, limits.endingBatchMax);
  const documents: InvitationDocument[] = [];
  for (const row of rows) documents.push(await end(scope, desk, row, 'expired'));
  return documents;
}

/** Ends the access of a guest whose time has come. */
export async function endGuestAccess(scope: Scope, guest: EndedGuest): Promise<void> {
  const organization = organizationFacts(await requireOrganization(scope, guest.organization, true));
  await endGuest(scope, organization, guest);
}

async function end(
  scope: Scope,
  desk: Desk,
  row: InvitationRow,
  status: 'revoked' | 'expired',
): Promise<InvitationDocument> {
  const now = scope.clock.now();
  const before = invitationDocument(row, now, await letterOf(scope, row));
  const ended = await updateInvitation(scope.tx, row, { status }, now);
  await desk.outbox.cancel(scope, row.organization, aboutOf(row));
  if (row.invited_person !== null) {
    const organization = organizationFacts(await requireOrganization(scope, row.organization));
    await dismissInvitee(scope, organization, row.invited_person);
  }
  const after = invitationDocument(ended, now, await letterOf(scope, ended));
  await recordInvitation(scope, status === 'revoked' ? 'revoke' : 'expire', before, after);
  return after;
}
