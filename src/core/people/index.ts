/**
 * People: persons, role templates and memberships, as far as organizations need them.
 *
 * A person is one human across organizations, known by one e-mail address. Membership binds a person to an
 * organization in a role of its type; an active membership of a person with an account carries two grants, for
 * the organization and for its concrete record. An organization keeps at least one active supervisor. Audit:
 * member.create, member.reactivate, member.update, member.remove in the organization's chain, create of a Person
 * in the chain of the installation.
 */
export {
  addMember,
  changeMemberRole,
  enrolOwner,
  followRename,
  leaveOrganization,
  listMembers,
  type MemberDocument,
  removeMember,
} from './member.js';
export { parseEmail } from './person.js';
export { type MembershipFinding, repairMemberships, verifyMemberships } from './reconcile.js';
export { seedRoles } from './roles.js';
