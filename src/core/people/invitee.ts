/**
 * Invitees: persons who are asked into an organization and are not in it yet. They are pending members without a
 * right to anything; accepting makes them active, declining or running out makes them former members.
 */
import type { OrganizationFacts, Scope } from '../access/index.js';
import { duplicateConstraint } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { parseEmail } from './email.js';
import { setGuestUntil } from './guest-queries.js';
import { changeMember } from './member.js';
import { enrol } from './member-add.js';
import { lockMember } from './member-queries.js';
import { insertOrFind, requirePerson } from './person.js';
import type { PersonRow } from './person-document.js';
import { lockPerson, updatePersonRow } from './person-queries.js';
import { requireRole } from './roles.js';

/** What is known of a person who is invited. */
export interface Invitee {
  email: string;
  firstName?: string | undefined;
  lastName?: string | undefined;
  isMinor?: boolean | undefined;
}

/** In which role somebody is expected; a guest only until then. */
export interface Expectation {
  role: string;
  guestUntil: Date | null;
}

/** The person of an address, locked; when there is none, a stub without an account. @throws EMAIL_INVALID, PERSON_MERGED */
export async function ensureInvitee(scope: Scope, invitee: Invitee): Promise<PersonRow> {
  const email = parseEmail(invitee.email);
  const [mailbox = email] = email.split('@');
  const { firstName = mailbox, lastName = '', isMinor = false } = invitee;
  const person =
    (await lockPerson(scope.tx, email)) ??
    (await insertOrFind(scope, {
      primary_email: email,
      first_name: firstName,
      last_name: lastName,
      source: 'invite',
      is_minor: isMinor,
    }));
  if (person.status === 'merged') throw new DartwingError('PERSON_MERGED', { ref: email });
  return person;
}

/**
 * Notes that a person is expected: a pending member, or nothing more for a former member, whose row comes back to
 * life on acceptance.
 * @throws DUPLICATE_MEMBERSHIP, ROLE_NOT_FOUND, INVALID_ROLE_FOR_ORG_TYPE, VALIDATION_ERROR (a guest who supervises)
 */
export async function expectMember(
  scope: Scope,
  organization: OrganizationFacts,
  person: PersonRow,
  expectation: Expectation,
): Promise<void> {
  await requireInvitedRole(scope, organization, expectation);
  const role = await requireRole(scope.tx, expectation.role, organization.type);
  const known = await lockMember(scope.tx, organization.id, person.id);
  if (known !== undefined && known.status !== 'active') return;
  await enrol(scope, organization, person, role, { pending: true });
}

/** Refuses a role that nobody can be invited to. @throws ROLE_NOT_FOUND, INVALID_ROLE_FOR_ORG_TYPE, VALIDATION_ERROR */
export async function requireInvitedRole(
  scope: Scope,
  organization: OrganizationFacts,
  { role: name, guestUntil }: Expectation,
): Promise<void> {
  const role = await requireRole(scope.tx, name, organization.type);
  if (guestUntil !== null && role.is_supervisor)
    throw new DartwingError('VALIDATION_ERROR', { message: `A guest cannot supervise: ${role.role_name}` });
}

/**
 * Makes a person an active member. Who is one already stays as they are.
 * @param subject id at the identity provider, set where the person has none yet
 * @throws PERSON_NOT_FOUND, PERSON_MERGED, INVITATION_FOR_ANOTHER (signs in as somebody else), ROLE_NOT_FOUND
 */
export async function admitInvitee(
  scope: Scope,
  organization: OrganizationFacts,
  personId: string,
  { role: name, guestUntil }: Expectation,
  subject?: string,
): Promise<void> {
  const found = await requirePerson(scope, personId, true);
  if (found.status === 'merged') throw new DartwingError('PERSON_MERGED', { ref: personId });
  const person = subject === undefined ? found : await linkSubject(scope, found, subject);
  const known = await lockMember(scope.tx, organization.id, person.id);
  if (known?.status === 'active') return;
  const role = await requireRole(scope.tx, name, organization.type);
  await enrol(scope, organization, person, role);
  await setGuestUntil(scope.tx, organization.id, person.id, guestUntil);
}

/** Ends the expectation: a pending member becomes a former one. */
export async function dismissInvitee(
  scope: Scope,
  organization: OrganizationFacts,
  person: string,
): Promise<void> {
  const known = await lockMember(scope.tx, organization.id, person);
  if (known?.status !== 'pending') return;
  await changeMember(scope, organization, person, { status: 'inactive' }, 'remove');
}

/** A minor's record may be linked too: it is what provisioning keeps, not what the minor says. */
async function linkSubject(scope: Scope, person: PersonRow, subject: string): Promise<PersonRow> {
  const linked = person.keycloak_user_id;
  if (linked !== null) {
    if (linked.toLowerCase() === subject.toLowerCase()) return person;
    throw new DartwingError('INVITATION_FOR_ANOTHER');
  }
  const { tx, clock, principal } = scope;
  return updatePersonRow(tx, person.id, { keycloak_user_id: subject }, clock.now(), principal.id).catch(
    (error: unknown) => {
      if (duplicateConstraint(error) !== 'person_keycloak_user') throw error;
      throw new DartwingError('INVITATION_FOR_ANOTHER');
    },
  );
}
