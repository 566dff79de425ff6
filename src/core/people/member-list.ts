/** Reading memberships: of an organization, and of a person. */
import { authorize, type OrganizationFacts, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { parseChoice } from '../input.js';
import { limits } from '../limits.js';
import { requireMemberPerson } from './member.js';
import { type MemberDocument, memberDocument } from './member-document.js';
import {
  findMembers,
  findOrganizationsOf,
  isSupervisorOf,
  lockMember,
  type PersonOrganization,
  pageMembers,
} from './member-queries.js';
import { requireReadablePerson } from './person.js';

/** A member as others see one: the address is for supervisors of the organization and for operators. */
export type ListedMember = Omit<MemberDocument, 'email'> & { email?: string };

/** A page of members. */
export interface MemberList {
  api_version: 'dartwing/v1';
  kind: 'MemberList';
  items: ListedMember[];
  total_count: number;
  limit: number;
  offset: number;
}

export interface ListMembersInput {
  /** active, inactive or pending. */
  state?: string | undefined;
  /** Also former members. Default false: active and pending ones. */
  includeInactive?: boolean | undefined;
  /** 1 to `limits.memberPageMax`; what lies outside is moved to the nearest (requirements §2.3). Default 20. */
  limit?: number | undefined;
  offset?: number | undefined;
}

/** The organizations of a person. */
export interface PersonOrganizationList {
  api_version: 'dartwing/v1';
  kind: 'PersonOrganizationList';
  items: PersonOrganization[];
  total_count: number;
}

const states = ['active', 'inactive', 'pending'] as const;

/** Members of an organization in every state, by e-mail. */
export async function listMembers(scope: Scope, organization: string): Promise<MemberDocument[]> {
  authorize(scope, 'read', { doctype: 'Org Member', name: '*', organization });
  const rows = await findMembers(scope.tx, organization);
  return rows.map((row) => memberDocument(row, row.is_supervisor));
}

/** A page of the members of an organization, the latest start first. @throws VALIDATION_ERROR, PERMISSION_DENIED */
export async function pageOfMembers(
  scope: Scope,
  organization: OrganizationFacts,
  input: ListMembersInput = {},
): Promise<MemberList> {
  authorize(scope, 'read', { doctype: 'Org Member', name: '*', organization: organization.id });
  const state = parseChoice('state', input.state, states);
  const wanted = state ? [state] : input.includeInactive ? states : (['active', 'pending'] as const);
  const limit = clamped(input.limit ?? limits.pageDefault, 1, limits.memberPageMax, limits.pageDefault);
  const offset = clamped(input.offset ?? 0, 0, Number.MAX_SAFE_INTEGER, 0);
  const [{ rows, total }, withEmail] = await Promise.all([
    pageMembers(scope.tx, organization.id, wanted, limit, offset),
    mayReadEmail(scope, organization.id),
  ]);
  const items = rows.map((row) => listed(memberDocument(row, row.is_supervisor), withEmail));
  return { api_version: 'dartwing/v1', kind: 'MemberList', items, total_count: total, limit, offset };
}

/** One member by id, or by id or address of the person. @throws MEMBER_NOT_FOUND, PERMISSION_DENIED */
export async function showMember(
  scope: Scope,
  organization: OrganizationFacts,
  ref: string,
): Promise<ListedMember> {
  authorize(scope, 'read', { doctype: 'Org Member', name: ref, organization: organization.id });
  const person = await requireMemberPerson(scope, organization, ref);
  const member = await lockMember(scope.tx, organization.id, person);
  if (member === undefined)
    throw new DartwingError('MEMBER_NOT_FOUND', { ref, organization: organization.slug });
  const withEmail = person === scope.principal.id || (await mayReadEmail(scope, organization.id));
  return listed(memberDocument(member, member.is_supervisor), withEmail);
}

/**
 * All organizations of a person with their membership there, former and pending ones included; `has_access` says
 * whether the grant is there.
 * @throws PERSON_NOT_FOUND, VALIDATION_ERROR, PERMISSION_DENIED
 */
export async function listOrganizationsOf(
  scope: Scope,
  ref: string,
  state?: string,
): Promise<PersonOrganizationList> {
  const person = await requireReadablePerson(scope, ref);
  authorize(scope, 'read', { doctype: 'Person', name: person.id });
  const items = await findOrganizationsOf(scope.tx, person.id, parseChoice('state', state, states));
  return { api_version: 'dartwing/v1', kind: 'PersonOrganizationList', items, total_count: items.length };
}

async function mayReadEmail(scope: Scope, organization: string): Promise<boolean> {
  const { type, id } = scope.principal;
  return type !== 'person' || isSupervisorOf(scope.tx, organization, id);
}

function listed({ email, ...member }: MemberDocument, withEmail: boolean): ListedMember {
  return withEmail ? { ...member, email } : member;
}

function clamped(value: number, min: number, max: number, otherwise: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), min), max) : otherwise;
}
