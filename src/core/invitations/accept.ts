/** Accepting and approving. */
import { timingSafeEqual } from 'node:crypto';
import { authorize, type OrganizationFacts, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { admitInvitee, ensureInvitee, parseEmail } from '../people/index.js';
import { openOrganization, recordInvitation } from './create.js';
import { type InvitationDocument, invitationDocument, stateAt } from './document.js';
import { letterOf } from './letter.js';
import { findInvitationByHash, type InvitationRow, lockInvitation, updateInvitation } from './queries.js';
import { requireInvitation } from './show.js';
import { hashToken, readToken } from './token.js';

/** What somebody brings who accepts. */
export interface AcceptInput {
  /** The secret, or the whole link. */
  token: string;
  /** Who accepts, where the invitation names nobody; elsewhere it has to be the invited address. */
  email?: string | undefined;
  /** Account at the identity provider; linked to the person when there is none yet. */
  subject?: string | undefined;
  firstName?: string | undefined;
  lastName?: string | undefined;
}

/**
 * Accepts: the person becomes an active member with account and grants, or waits for approval. The secret is what
 * entitles to it; a person who is signed in can accept only for themselves. Again by the same person: the same answer.
 * @throws INVITATION_NOT_FOUND, INVITATION_STATE, INVITATION_FOR_ANOTHER, ORGANIZATION_STATE, VALIDATION_ERROR
 */
export async function acceptInvitation(scope: Scope, input: AcceptInput): Promise<InvitationDocument> {
  if (scope.principal.id === '') throw new DartwingError('UNAUTHENTICATED');
  const { organization, row } = await findByToken(scope, input.token);
  const now = scope.clock.now();
  const person = await whoAccepts(scope, row, input);
  if (row.accepted_by !== null && row.accepted_by === person && row.status !== 'revoked')
    return answer(scope, row);
  const state = stateAt(row, now);
  if (state !== 'pending') throw new DartwingError('INVITATION_STATE', { action: 'accepted', state });
  const waits = row.requires_approval;
  if (!waits) await admit(scope, organization, row, person, input.subject);
  const accepted = await updateInvitation(
    scope.tx,
    row,
    {
      status: waits ? 'awaiting_approval' : 'accepted',
      accepted_at: now,
      accepted_by: person,
      invited_person: person,
    },
    now,
  );
  const document = await answer(scope, accepted);
  await recordInvitation(scope, 'accept', await answer(scope, row), document);
  return document;
}

/**
 * Approves what was accepted: now the person becomes a member.
 * @throws INVITATION_NOT_FOUND, INVITATION_STATE, ORGANIZATION_STATE
 */
export async function approveInvitation(scope: Scope, ref: string, id: string): Promise<InvitationDocument> {
  const organization = await openOrganization(scope, ref);
  authorize(scope, 'write', { doctype: 'Invitation', name: id, organization: organization.id });
  const row = await requireInvitation(scope, organization.id, id, true);
  const now = scope.clock.now();
  if (row.status !== 'awaiting_approval') {
    throw new DartwingError('INVITATION_STATE', { action: 'approved', state: stateAt(row, now) });
  }
  await admit(scope, organization, row, row.accepted_by!);
  const approved = await updateInvitation(
    scope.tx,
    row,
    { status: 'accepted', approved_at: now, approved_by: scope.principal.id },
    now,
  );
  const document = await answer(scope, approved);
  await recordInvitation(scope, 'approve', await answer(scope, row), document);
  return document;
}

async function findByToken(
  scope: Scope,
  pasted: string,
): Promise<{ organization: OrganizationFacts; row: InvitationRow }> {
  const hash = hashToken(readToken(pasted));
  const found = await findInvitationByHash(scope.tx, hash);
  if (found === undefined) throw new DartwingError('INVITATION_NOT_FOUND');
  const organization = await openOrganization(scope, found.organization);
  const row = await lockInvitation(scope.tx, found.organization, found.id);
  // Compared again: a reminder may have replaced the secret while the lock was waited for.
  if (row === undefined || !timingSafeEqual(row.token_hash, hash)) {
    throw new DartwingError('INVITATION_NOT_FOUND');
  }
  return { organization, row };
}

/** The person who accepts. @throws INVITATION_FOR_ANOTHER, VALIDATION_ERROR, EMAIL_INVALID */
async function whoAccepts(scope: Scope, row: InvitationRow, input: AcceptInput): Promise<string> {
  const email = input.email === undefined ? null : parseEmail(input.email);
  const { type, id, key } = scope.principal;
  // The secret proves that somebody was invited, not that a program may speak for them.
  if (key !== undefined)
    throw new DartwingError('PERMISSION_DENIED', { actor: id, action: 'accept', ref: 'Invitation/*' });
  if (type === 'person') {
    if (row.invited_person !== null && row.invited_person !== id && stateIsOpen(row))
      throw new DartwingError('INVITATION_FOR_ANOTHER');
    return id;
  }
  if (row.email !== null) {
    if (email !== null && email !== row.email) throw new DartwingError('INVITATION_FOR_ANOTHER');
    return row.invited_person!;
  }
  if (email === null)
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'The invitation names nobody: say who accepts, by e-mail address',
    });
  const { firstName, lastName } = input;
  return (await ensureInvitee(scope, { email, firstName, lastName })).id;
}

/** A used invitation tells a stranger that it is used, not whose it was. */
function stateIsOpen(row: InvitationRow): boolean {
  return row.status === 'pending';
}

function admit(
  scope: Scope,
  organization: OrganizationFacts,
  row: InvitationRow,
  person: string,
  subject?: string,
): Promise<void> {
  const expectation = { role: row.role, guestUntil: row.guest_access_until };
  return admitInvitee(scope, organization, person, expectation, subject);
}

async function answer(scope: Scope, row: InvitationRow): Promise<InvitationDocument> {
  return invitationDocument(row, scope.clock.now(), await letterOf(scope, row));
}
