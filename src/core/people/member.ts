/** Changing and ending memberships. An organization keeps at least one active supervisor, whoever leaves when. */
import { authorize, changeDocument, type OrganizationFacts, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { parseInput } from '../input.js';
import { deleteGrants } from './account-queries.js';
import { type MemberRow, memberDocument } from './member-document.js';
import { admit, dayOf, type MemberChange, recordMember } from './member-effects.js';
import {
  countOtherSupervisors,
  deleteMemberRow,
  findMemberPerson,
  lockMember,
  lockSupervision,
  type RatedMember,
  updateMember,
} from './member-queries.js';
import { changedTerms, type MemberTerms, supervises, type TermsChange, termsChange } from './member-terms.js';
import type { PersonRow } from './person-document.js';
import { lockPerson } from './person-queries.js';
import { requireRole } from './roles.js';

/**
 * Changes role, state or days of a membership; what is so already changes nothing (`op: none`).
 * @param action how the trail calls it
 * @throws MEMBER_NOT_FOUND, ROLE_NOT_FOUND, INVALID_ROLE_FOR_ORG_TYPE, INVALID_STATUS_TRANSITION, LAST_SUPERVISOR,
 * VALIDATION_ERROR, PERMISSION_DENIED, and what a room above throws that keeps the member (equipment)
 */
export async function changeMember(
  scope: Scope,
  organization: OrganizationFacts,
  ref: string,
  given: TermsChange,
  action: 'update' | 'remove' | 'activate' = 'update',
): Promise<MemberChange> {
  const change = parseInput(termsChange, given);
  authorize(scope, action === 'remove' ? 'delete' : 'update', {
    doctype: 'Org Member',
    name: ref,
    organization: organization.id,
  });
  const role =
    change.role === undefined ? undefined : await requireRole(scope.tx, change.role, organization.type);
  const { member, person } = await requireMember(scope, organization, ref);
  const names = { person: member.person_email, organization: organization.slug };
  const terms = changedTerms(member, change, dayOf(scope), names);
  const before = memberDocument(member, member.is_supervisor);
  const memberRef = `member/${organization.slug}/${member.person_email}`;
  if (isSame(member, terms))
    return changeDocument(scope, { op: 'none', ref: memberRef, before, after: before, audit: null });
  const isSupervisor = role?.is_supervisor ?? member.is_supervisor;
  if (supervises(member, member.is_supervisor) && !supervises(terms, isSupervisor))
    await refuseLastSupervisor(scope, organization, member);
  if (member.status !== 'inactive' && terms.status === 'inactive')
    await announce(scope, organization, member);
  const changed = await updateMember(scope.tx, member, terms, scope.clock.now());
  if (terms.status !== member.status) {
    if (terms.status === 'active') await admit(scope, organization, person);
    else await deleteGrants(scope.tx, member.person, organization.id);
  }
  return recordMember(scope, organization, action, before, { ...changed, is_supervisor: isSupervisor });
}

/** Ends a membership: the row stays as history, the grants go at once. @throws as `changeMember` */
export function removeMember(
  scope: Scope,
  organization: OrganizationFacts,
  ref: string,
  end_date?: string,
): Promise<MemberChange> {
  return changeMember(scope, organization, ref, { status: 'inactive', end_date }, 'remove');
}

/** Gives a member another role. @throws as `changeMember` */
export function changeMemberRole(
  scope: Scope,
  organization: OrganizationFacts,
  ref: string,
  role: string,
): Promise<MemberChange> {
  return changeMember(scope, organization, ref, { role });
}

/**
 * Deletes the row of a membership with its history, for a membership that should never have been.
 * @throws MEMBER_NOT_FOUND, LAST_SUPERVISOR, PERMISSION_DENIED, and what a room above throws that keeps the member
 */
export async function deleteMember(
  scope: Scope,
  organization: OrganizationFacts,
  ref: string,
): Promise<MemberChange> {
  authorize(scope, 'delete', { doctype: 'Org Member', name: ref, organization: organization.id });
  const { member } = await requireMember(scope, organization, ref);
  if (supervises(member, member.is_supervisor)) await refuseLastSupervisor(scope, organization, member);
  if (member.status !== 'inactive') await announce(scope, organization, member);
  await deleteGrants(scope.tx, member.person, organization.id);
  await deleteMemberRow(scope.tx, member);
  return recordMember(scope, organization, 'delete', memberDocument(member, member.is_supervisor), undefined);
}

/** A member by id, or by id or address of the person, in every state. @throws MEMBER_NOT_FOUND */
export async function requireMemberPerson(
  scope: Scope,
  organization: OrganizationFacts,
  ref: string,
): Promise<string> {
  const person = await findMemberPerson(scope.tx, organization.id, ref.trim());
  if (person !== undefined) return person;
  throw new DartwingError('MEMBER_NOT_FOUND', { ref: ref.slice(0, 254), organization: organization.slug });
}

/** Locks organization, person and member, in the order in which every change of memberships does. */
async function requireMember(
  scope: Scope,
  organization: OrganizationFacts,
  ref: string,
): Promise<{ member: RatedMember; person: PersonRow }> {
  const { tx } = scope;
  await lockSupervision(tx, organization.id);
  const id = await requireMemberPerson(scope, organization, ref);
  const person = await lockPerson(tx, id);
  // A merge may have given the membership to somebody else while we waited.
  const member = await lockMember(tx, organization.id, id);
  if (person !== undefined && member !== undefined) return { member, person };
  throw new DartwingError('MEMBER_NOT_FOUND', { ref: ref.slice(0, 254), organization: organization.slug });
}

/** Rooms above may refuse, and they do so before any grant is gone. */
function announce(scope: Scope, organization: OrganizationFacts, member: MemberRow): Promise<void> {
  const { person, person_email: email } = member;
  return scope.events.publish(scope, 'member.leaving', { organization, person, email });
}

async function refuseLastSupervisor(
  scope: Scope,
  organization: OrganizationFacts,
  member: MemberRow,
): Promise<void> {
  if ((await countOtherSupervisors(scope.tx, member)) > 0) return;
  throw new DartwingError('LAST_SUPERVISOR', {
    person: member.person_email,
    organization: organization.slug,
  });
}

function isSame(member: MemberTerms, terms: MemberTerms): boolean {
  return (['role', 'status', 'start_date', 'end_date'] as const).every((key) => member[key] === terms[key]);
}
