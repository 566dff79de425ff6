/** The room as callers see it. */
import type { CallOptions, Session } from '../access/index.js';
import { requireOrganization } from '../tenancy/index.js';
import type { Provisioner, ProvisioningRound } from './account.js';
import type { MemberDocument } from './member-document.js';
import { listMembers } from './member-list.js';
import { type MemberVerbs, memberVerbs } from './member-room.js';
import { type PersonVerbs, personVerbs } from './person-room.js';
import { type RoleVerbs, roleVerbs } from './role-room.js';

export interface PeopleVerbs {
  readonly person: PersonVerbs;
  readonly member: MemberVerbs;
  readonly role: RoleVerbs;
  /** Every member of an organization in every state, by e-mail, in one answer. */
  members(organization: string, call?: CallOptions): Promise<MemberDocument[]>;
  /** Tries again to make the login accounts that are due. A scheduler calls it every few seconds. */
  retryDue(): Promise<ProvisioningRound>;
}

/** @param addressKey seals the tokens that prove addresses */
export function peopleVerbs(session: Session, provisioner: Provisioner, addressKey: Buffer): PeopleVerbs {
  return Object.freeze({
    person: Object.freeze(personVerbs(session, provisioner, addressKey)),
    member: Object.freeze(memberVerbs(session)),
    role: Object.freeze(roleVerbs(session)),
    members: (organization, call) =>
      session.run('member list', call, async (scope) =>
        listMembers(scope, (await requireOrganization(scope, organization)).id),
      ),
    retryDue: provisioner.retryDue,
  } satisfies PeopleVerbs);
}
