/** Memberships as callers see them: each verb in a transaction of its own. */
import type { CallOptions, OrganizationFacts, Scope, Session } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { organizationFacts, requireOrganization } from '../tenancy/index.js';
import { changeMember, deleteMember, removeMember } from './member.js';
import { addMember, type NewTerms } from './member-add.js';
import type { MemberChange } from './member-effects.js';
import {
  type ListedMember,
  type ListMembersInput,
  type MemberList,
  pageOfMembers,
  showMember,
} from './member-list.js';
import type { TermsChange } from './member-terms.js';

/** Memberships of an organization (id or slug); a member by id, or by id or address of the person. */
export interface MemberVerbs {
  list(organization: string, input?: ListMembersInput, call?: CallOptions): Promise<MemberList>;
  show(organization: string, ref: string, call?: CallOptions): Promise<ListedMember>;
  add(
    organization: string,
    person: string,
    role: string,
    terms?: NewTerms,
    call?: CallOptions,
  ): Promise<MemberChange>;
  update(organization: string, ref: string, change: TermsChange, call?: CallOptions): Promise<MemberChange>;
  activate(organization: string, ref: string, call?: CallOptions): Promise<MemberChange>;
  remove(
    organization: string,
    ref: string,
    options?: { end_date?: string | undefined },
    call?: CallOptions,
  ): Promise<MemberChange>;
  /** Deletes the row with its history; `remove` is what one wants nearly always. */
  delete(organization: string, ref: string, call?: CallOptions): Promise<MemberChange>;
}

export function memberVerbs(session: Session): MemberVerbs {
  /** A verb in an organization that still lives. */
  const change = <T>(
    purpose: string,
    organization: string,
    call: CallOptions | undefined,
    request: object,
    work: (scope: Scope, facts: OrganizationFacts) => Promise<T>,
  ) =>
    session.run(purpose, call, async (scope) => work(scope, await livingOrganization(scope, organization)), {
      organization,
      ...request,
    });
  const look = <T>(
    purpose: string,
    organization: string,
    call: CallOptions | undefined,
    work: (scope: Scope, facts: OrganizationFacts) => Promise<T>,
  ) =>
    session.run(purpose, call, async (scope) =>
      work(scope, organizationFacts(await requireOrganization(scope, organization))),
    );
  return {
    list: (organization, input, call) =>
      look('member list', organization, call, (scope, facts) => pageOfMembers(scope, facts, input)),
    show: (organization, ref, call) =>
      look('member show', organization, call, (scope, facts) => showMember(scope, facts, ref)),
    add: (organization, person, role, terms = {}, call) =>
      change('member add', organization, call, { person, role, terms }, (scope, facts) =>
        addMember(scope, facts, person, role, terms),
      ),
    update: (organization, ref, terms, call) =>
      change('member update', organization, call, { ref, terms }, (scope, facts) =>
        changeMember(scope, facts, ref, terms),
      ),
    activate: (organization, ref, call) =>
      change('member activate', organization, call, { ref }, (scope, facts) =>
        changeMember(scope, facts, ref, { status: 'active' }, 'activate'),
      ),
    remove: (organization, ref, { end_date } = {}, call) =>
      change('member remove', organization, call, { ref, end_date: end_date ?? null }, (scope, facts) =>
        removeMember(scope, facts, ref, end_date),
      ),
    delete: (organization, ref, call) =>
      change('member delete', organization, call, { ref }, (scope, facts) => deleteMember(scope, facts, ref)),
  };
}

/** @throws ORGANIZATION_NOT_FOUND, ORGANIZATION_STATE (dissolved) */
async function livingOrganization(scope: Scope, ref: string): Promise<OrganizationFacts> {
  const row = await requireOrganization(scope, ref);
  if (row.status === 'dissolved')
    throw new DartwingError('ORGANIZATION_STATE', { slug: row.slug, state: 'dissolved', action: 'changed' });
  return organizationFacts(row);
}
