/** Memberships: who belongs to an organization, in which role, and the grants that follow from it. */
import { authorize, type OrganizationFacts, recordAct, type Scope } from '../access/index.js';
import { duplicateConstraint } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { uuidv7 } from '../ids.js';
import { ensurePerson, parseEmail } from './person.js';
import {
  countOtherSupervisors,
  deleteGrants,
  deleteOrganizationRows,
  endMember,
  findMember,
  findMembers,
  findPerson,
  insertGrants,
  insertMember,
  isSupervisorRole,
  type MemberRow,
  mirrorOrganizationName,
  reactivateMember,
  updateMemberRole,
} from './queries.js';
import { founderRole, requireRole } from './roles.js';

/** The document `Member`. */
export interface MemberDocument {
  api_version: 'dartwing/v1';
  kind: 'Member';
  id: string;
  organization: string;
  person: string;
  email: string;
  name: string;
  role: string;
  is_supervisor: boolean;
  start_date: string;
  end_date: string | null;
  status: { state: MemberRow['status'] };
}

/** Members of an organization in every state, by e-mail. */
export async function listMembers(scope: Scope, organization: string): Promise<MemberDocument[]> {
  authorize(scope, 'read', { doctype: 'Org Member', name: '*' });
  const rows = await findMembers(scope.tx, organization);
  return rows.map((row) => memberDocument(row, row.is_supervisor));
}

/**
 * Makes the person of an address an active member with its two grants; a former member is reactivated in the same
 * row.
 * @throws EMAIL_INVALID, ROLE_NOT_FOUND, INVALID_ROLE_FOR_ORG_TYPE, DUPLICATE_MEMBERSHIP, PERSON_MERGED
 */
export async function addMember(
  scope: Scope,
  organization: OrganizationFacts,
  email: string,
  roleName: string,
): Promise<MemberDocument> {
  authorize(scope, 'create', { doctype: 'Org Member', name: email });
  const { tx } = scope;
  const at = scope.clock.now();
  const role = await requireRole(tx, roleName, organization.type);
  const person = await ensurePerson(scope, email);
  const former = await findMember(tx, organization.id, person.id);
  if (former?.status === 'active') {
    throw new DartwingError('DUPLICATE_MEMBERSHIP', {
      person: person.primary_email,
      organization: organization.slug,
    });
  }
  const member = former
    ? await reactivateMember(tx, former, role.role_name, at)
    : await insertMember(tx, { organization, id: uuidv7(at), person, role: role.role_name, at }).catch(
        (error: unknown) => {
          if (duplicateConstraint(error) !== 'org_member_person') throw error;
          throw new DartwingError('DUPLICATE_MEMBERSHIP', {
            person: person.primary_email,
            organization: organization.slug,
          });
        },
      );
  await insertGrants(tx, person.id, organization, at);
  const document = memberDocument(member, role.is_supervisor);
  await recordMember(
    scope,
    former ? 'reactivate' : 'create',
    former ? memberDocument(former, false) : null,
    document,
  );
  return document;
}

/**
 * Gives a member another role.
 * @throws MEMBER_NOT_FOUND, ROLE_NOT_FOUND, INVALID_ROLE_FOR_ORG_TYPE, LAST_SUPERVISOR
 */
export async function changeMemberRole(
  scope: Scope,
  organization: OrganizationFacts,
  email: string,
  roleName: string,
): Promise<MemberDocument> {
  authorize(scope, 'update', { doctype: 'Org Member', name: email });
  const role = await requireRole(scope.tx, roleName, organization.type);
  const member = await requireMember(scope, organization, email);
  const wasSupervisor = await isSupervisorRole(scope.tx, member.role);
  if (wasSupervisor && !role.is_supervisor) await refuseLastSupervisor(scope, organization, member);
  const changed = await updateMemberRole(scope.tx, member, role.role_name, scope.clock.now());
  const document = memberDocument(changed, role.is_supervisor);
  await recordMember(scope, 'update', memberDocument(member, wasSupervisor), document);
  return document;
}

/**
 * Ends a membership: the row stays as history, the grants go at once.
 * @throws MEMBER_NOT_FOUND, LAST_SUPERVISOR
 */
export async function removeMember(
  scope: Scope,
  organization: OrganizationFacts,
  email: string,
): Promise<MemberDocument> {
  authorize(scope, 'delete', { doctype: 'Org Member', name: email });
  const member = await requireMember(scope, organization, email);
  const supervisor = await isSupervisorRole(scope.tx, member.role);
  if (supervisor) await refuseLastSupervisor(scope, organization, member);
  const ended = await endMember(scope.tx, member, scope.clock.now());
  await deleteGrants(scope.tx, organization.id, member.person);
  const document = memberDocument(ended, supervisor);
  await recordMember(scope, 'remove', memberDocument(member, supervisor), document);
  return document;
}

/** Subscribes to `organization.created`: its owner becomes the first supervisor. */
export async function enrolOwner(
  scope: Scope,
  event: { organization: OrganizationFacts; owner: { email: string; role: string | undefined } | undefined },
): Promise<void> {
  if (event.owner === undefined) return;
  const role = await requireRole(
    scope.tx,
    event.owner.role ?? founderRole[event.organization.type],
    event.organization.type,
  );
  if (!role.is_supervisor) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: `The owner needs a supervisor role; ${role.role_name} is none`,
    });
  }
  await addMember(scope, event.organization, event.owner.email, role.role_name);
}

/** Subscribes to `organization.renamed`. */
export async function followRename(scope: Scope, event: { organization: OrganizationFacts }): Promise<void> {
  await mirrorOrganizationName(scope.tx, event.organization.id, event.organization.name);
}

/** Subscribes to `organization.purging`: members and grants go with the organization. */
export async function leaveOrganization(
  scope: Scope,
  event: { organization: OrganizationFacts },
): Promise<void> {
  await deleteOrganizationRows(scope.tx, event.organization.id);
}

async function requireMember(
  scope: Scope,
  organization: OrganizationFacts,
  email: string,
): Promise<MemberRow> {
  const person = await findPerson(scope.tx, parseEmail(email));
  const member = person && (await findMember(scope.tx, organization.id, person.id));
  if (member?.status !== 'active')
    throw new DartwingError('MEMBER_NOT_FOUND', { ref: email, organization: organization.slug });
  return member;
}

/** The organization's row is locked by the caller, so two supervisors cannot both leave at once. */
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

function recordMember(
  scope: Scope,
  action: string,
  old: MemberDocument | null,
  current: MemberDocument,
): Promise<string> {
  return recordAct(
    scope,
    current.organization,
    `member.${action}`,
    { doctype: 'Org Member', name: current.id },
    { old, new: current },
  );
}

function memberDocument(row: MemberRow, supervisor: boolean): MemberDocument {
  return {
    api_version: 'dartwing/v1',
    kind: 'Member',
    id: row.id,
    organization: row.organization,
    person: row.person,
    email: row.person_email,
    name: row.member_name,
    role: row.role,
    is_supervisor: supervisor,
    start_date: row.start_date,
    end_date: row.end_date,
    status: { state: row.status },
  };
}
