/**
 * People: persons, their login accounts, role templates, memberships and invitees.
 *
 * A person is one human across organizations, known by one e-mail address; an id at an identity provider and a login
 * account are unique too. Two records of one human are merged: the winner keeps everything, the loser stays as a trace.
 * The record of a minor is locked until a guardian's consent is captured. Membership binds a person to an organization
 * in a role of its type; an active membership of a person with an account carries two grants, for the organization and
 * for its concrete record. An organization keeps at least one active supervisor, whatever happens at the same time.
 *
 *     await dartwing.people.person.create({ primary_email: 'ana@acme.test', first_name: 'Ana', last_name: 'Lima', source: 'import' });
 *     await dartwing.people.member.add('acme', 'ana@acme.test', 'Manager');
 *     await dartwing.people.person.merge('ana@acme.test', 'a.lima@acme.test');
 *
 * An address that is changed has to be proven by its owner: a token is mailed to it, and a notice to the former one.
 *
 * Audit: create, update, delete, consent, signup, merge, merged, sync, provision, provision.failed,
 * email.proof_sent and email.proven of a Person and
 * create, update, delete, seed of a Role Template in the trail of the installation; member.create, reactivate, update,
 * activate, remove, delete, merge in the organization's. Events: person.unprovisioned, person.unproven, person.merging, member.leaving
 * (a room above may refuse), member.changed.
 *
 * Limits: lists 500 a page, members 100; five retries of an account; locks are taken in the order organization, person,
 * member.
 */

export { openProvisioner, type Provisioner, type Provisioning } from './account.js';
export { type AddressProofDocument, issueProof } from './address.js';
export { parseEmail } from './email.js';
export { enrolOwner, followRename, leaveOrganization } from './followers.js';
export { type EndedGuest, endGuest, listEndedGuests } from './guest.js';
export { admitInvitee, dismissInvitee, ensureInvitee, expectMember, requireInvitedRole } from './invitee.js';
export { changeMemberRole, removeMember } from './member.js';
export { addMember } from './member-add.js';
export type { MemberDocument } from './member-document.js';
export type { MemberChange } from './member-effects.js';
export { type ListedMember, listMembers, type MemberList } from './member-list.js';
export { listAdministrators } from './member-queries.js';
export type { PersonDocument } from './person-document.js';
export type { PersonList } from './person-list.js';
export { findMailbox, proveAddress } from './person-queries.js';
export { grantFaults, type MembershipFinding, repairMemberships, verifyMemberships } from './reconcile.js';
export type { CreateRoleInput, RoleChanges } from './role.js';
export { requireRole, seedRoles } from './roles.js';
export { type PeopleVerbs, peopleVerbs } from './room.js';
export { type SignUpInput, signUp } from './signup.js';
