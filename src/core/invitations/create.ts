/** Inviting. */
import { randomBytes } from 'node:crypto';
import { authorize, type OrganizationFacts, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { uuidv7 } from '../ids.js';
import { ensureInvitee, expectMember, requireInvitedRole } from '../people/index.js';
import { organizationFacts, requireOrganization, stateOf } from '../tenancy/index.js';
import { type InvitationDocument, invitationDocument } from './document.js';
import { type InviteInput, type ParsedInvite, parseInvite } from './input.js';
import { type Desk, letterOf, postLetter } from './letter.js';
import { findOpenInvitation, type InvitationRow, insertInvitation } from './queries.js';
import type { Secret } from './token.js';

/**
 * Invites somebody: a pending member (the person is made when unknown), the invitation, and the mail with its link.
 * @throws ORGANIZATION_NOT_FOUND, ORGANIZATION_STATE, VALIDATION_ERROR, EMAIL_INVALID, ROLE_NOT_FOUND,
 * INVALID_ROLE_FOR_ORG_TYPE, DUPLICATE_MEMBERSHIP, INVITATION_EXISTS, PERSON_MERGED
 */
export async function createInvitation(
  scope: Scope,
  desk: Desk,
  ref: string,
  input: InviteInput,
  secret: Secret,
): Promise<InvitationDocument> {
  const now = scope.clock.now();
  const invite = parseInvite(input, now);
  const organization = await openOrganization(scope, ref);
  authorize(scope, 'create', {
    doctype: 'Invitation',
    name: invite.email ?? '*',
    organization: organization.id,
  });
  const expectation = { role: invite.role, guestUntil: invite.guestUntil };
  await requireInvitedRole(scope, organization, expectation);
  const invitee = await expectInvitee(scope, organization, invite);
  const row = await insertInvitation(scope.tx, {
    organization: organization.id,
    id: uuidv7(now),
    kind: invite.kind,
    email: invitee.email,
    role: invite.role,
    token_hash: secret.hash,
    expires_at: invite.expiresAt,
    guest_access_until: invite.guestUntil,
    invited_by: scope.principal.id,
    invited_person: invitee.person,
    guardian: invitee.guardian,
    requires_approval: invite.requiresApproval,
    created_at: now,
  });
  await postLetter(scope, desk, organization, row, secret.token);
  const document = invitationDocument(row, now, await letterOf(scope, row));
  await recordInvitation(scope, 'create', null, document);
  return document;
}

/**
 * The facts of an organization that takes people in, its row locked, so that two changes of one membership wait for
 * each other.
 * @throws ORGANIZATION_NOT_FOUND, ORGANIZATION_STATE
 */
export async function openOrganization(scope: Scope, ref: string): Promise<OrganizationFacts> {
  const row = await requireOrganization(scope, ref, true);
  const state = stateOf(row, scope.clock.now());
  if (state !== 'active')
    throw new DartwingError('ORGANIZATION_STATE', { slug: row.slug, state, action: 'joined' });
  return organizationFacts(row);
}

/** Leaves the audit entry of an act on an invitation. */
export function recordInvitation(
  scope: Scope,
  action: string,
  old: InvitationDocument | null,
  current: InvitationDocument,
): Promise<string> {
  const ref = { doctype: 'Invitation', name: current.id };
  return recordAct(scope, current.organization, `invitation.${action}`, ref, { old, new: current });
}

type ExpectedInvitee = Pick<InvitationRow, 'email' | 'guardian'> & { person: string | null };

/** The person who is expected, as a pending member; nobody yet where whoever accepts says who they are. */
async function expectInvitee(
  scope: Scope,
  organization: OrganizationFacts,
  { email: given, child, role, guestUntil }: ParsedInvite,
): Promise<ExpectedInvitee> {
  const guardian = child && (await ensureInvitee(scope, { email: child.guardian }));
  const email = child ? childAddress(child.guardian) : given;
  if (email === null) return { email, guardian: null, person: null };
  const open = await findOpenInvitation(scope.tx, organization.id, email);
  if (open)
    throw new DartwingError('INVITATION_EXISTS', { email, organization: organization.slug, id: open.id });
  const names = child ? { firstName: child.firstName, lastName: child.lastName, isMinor: true } : {};
  const person = await ensureInvitee(scope, { email, ...names });
  await expectMember(scope, organization, person, { role, guestUntil });
  return { email, guardian: guardian?.id ?? null, person: person.id };
}

/** A sub-address of the guardian's (RFC 5233): what is sent there reaches the guardian, not the child. */
function childAddress(guardian: string): string {
  const at = guardian.lastIndexOf('@');
  return `${guardian.slice(0, at)}+child-${randomBytes(4).toString('hex')}${guardian.slice(at)}`;
}
