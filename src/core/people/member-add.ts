/** Becoming a member. */
import { z } from 'zod';
import { authorize, changeDocument, type OrganizationFacts, type Scope } from '../access/index.js';
import { duplicateConstraint } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { uuidv7 } from '../ids.js';
import { parseInput } from '../input.js';
import { memberDocument } from './member-document.js';
import { admit, dayOf, type MemberChange, recordMember } from './member-effects.js';
import { insertMember, lockMember, type RatedMember, updateMember } from './member-queries.js';
import { changedTerms, day, type MemberTerms } from './member-terms.js';
import { ensurePerson, requirePerson } from './person.js';
import type { PersonRow } from './person-document.js';
import type { RoleRow } from './role-queries.js';
import { requireRole } from './roles.js';

const newTerms = z.strictObject({
  /** Wait for acceptance or `activate`, without any right until then. */
  pending: z.boolean().optional(),
  start_date: day.optional(),
  end_date: day.optional(),
  /** Accept who is a member already in the same role and state. */
  ifNotExists: z.boolean().optional(),
});

/** How somebody is added. Days as YYYY-MM-DD. */
export type NewTerms = z.input<typeof newTerms>;

/**
 * Makes a person a member: active with two grants, or pending without. A former member comes back in the same row; a
 * person of an address nobody knows is made.
 * @param ref e-mail address, or id of a person
 * @throws EMAIL_INVALID, PERSON_NOT_FOUND (unknown id), PERSON_MERGED, ROLE_NOT_FOUND, INVALID_ROLE_FOR_ORG_TYPE,
 * DUPLICATE_MEMBERSHIP, INVALID_STATUS_TRANSITION, VALIDATION_ERROR, PERMISSION_DENIED
 */
export async function addMember(
  scope: Scope,
  organization: OrganizationFacts,
  ref: string,
  roleName: string,
  given: NewTerms = {},
): Promise<MemberChange> {
  const terms = parseInput(newTerms, given);
  authorize(scope, 'create', { doctype: 'Org Member', name: ref, organization: organization.id });
  const [role, person] = await Promise.all([
    requireRole(scope.tx, roleName, organization.type),
    personOf(scope, ref),
  ]);
  return enrol(scope, organization, person, role, terms);
}

/** Adds a person whom the caller holds locked. */
export async function enrol(
  scope: Scope,
  organization: OrganizationFacts,
  person: PersonRow,
  role: RoleRow,
  terms: NewTerms = {},
): Promise<MemberChange> {
  const former = await lockMember(scope.tx, organization.id, person.id);
  return enter(scope, organization, person, role, terms, former);
}

/** Adds the first member of an organization that was made in this transaction. */
export function enrolFirst(
  scope: Scope,
  organization: OrganizationFacts,
  person: PersonRow,
  role: RoleRow,
): Promise<MemberChange> {
  return enter(scope, organization, person, role, {}, undefined);
}

async function enter(
  scope: Scope,
  organization: OrganizationFacts,
  person: PersonRow,
  role: RoleRow,
  { pending = false, ifNotExists = false, ...days }: NewTerms,
  former: RatedMember | undefined,
): Promise<MemberChange> {
  const { tx } = scope;
  const names = { person: person.primary_email, organization: organization.slug };
  const status = pending ? 'pending' : 'active';
  if (former && (former.status === 'active' || former.status === status)) {
    if (ifNotExists && former.status === status && former.role === role.role_name)
      return accept(scope, organization, former);
    throw new DartwingError('DUPLICATE_MEMBERSHIP', names);
  }
  const today = dayOf(scope);
  const start: MemberTerms = { role: role.role_name, status, start_date: today, end_date: null };
  const terms = former
    ? changedTerms(former, { ...days, role: role.role_name, status }, today, names)
    : changedTerms(start, days, today, names);
  const at = scope.clock.now();
  const written = former
    ? updateMember(tx, former, terms, at)
    : insertMember(tx, { organization, id: uuidv7(at), person, terms, at }).catch((error: unknown) => {
        if (duplicateConstraint(error) !== 'org_member_person') throw error;
        throw new DartwingError('DUPLICATE_MEMBERSHIP', names);
      });
  // Sent one behind the other, waited for together: the server has the member when it makes the account.
  const [member] = await Promise.all([
    written,
    ...(status === 'active' ? [admit(scope, organization, person)] : []),
  ]);
  const before = former ? memberDocument(former, former.is_supervisor) : null;
  const change = await recordMember(scope, organization, former ? 'reactivate' : 'create', before, {
    ...member,
    is_supervisor: role.is_supervisor,
  });
  return former
    ? { ...change, action: 'reactivated', previous_status: former.status }
    : { ...change, action: 'created' };
}

async function personOf(scope: Scope, ref: string): Promise<PersonRow> {
  if (ref.includes('@')) return ensurePerson(scope, ref);
  const person = await requirePerson(scope, ref, true);
  if (person.status === 'merged') throw new DartwingError('PERSON_MERGED', { ref });
  return person;
}

function accept(scope: Scope, organization: OrganizationFacts, member: RatedMember): MemberChange {
  const document = memberDocument(member, member.is_supervisor);
  const ref = `member/${organization.slug}/${member.person_email}`;
  return changeDocument(scope, { op: 'none', ref, before: document, after: document, audit: null });
}
