/** Methods about memberships and role templates (requirements §5 and §6.1). */
import { z } from 'zod';
import { DartwingError } from '../../../core/errors.js';
import { type Method, method } from '../method.js';
import { named, truth } from '../parameters.js';
import { placeOf } from '../records.js';
import { plainWord, titled, views } from '../words.js';
import { requireNamed } from './organizations.js';

const names = (name: string) => [
  `dartwing.dartwing_core.api.${name}`,
  `dartwing.dartwing_core.doctype.org_member.org_member.${name}`,
];

/** @throws VALIDATION_ERROR */
export function required(field: string, given: string | null | undefined): string {
  if (given !== undefined && given !== null && given.trim() !== '') return given;
  const message = 'is required';
  throw new DartwingError(
    'VALIDATION_ERROR',
    { message: `${field}: ${message}` },
    { fields: [{ path: field, message }] },
  );
}

export const memberMethods: readonly Method[] = [
  method({
    name: 'dartwing_core.add_member_to_organization',
    aliases: names('add_member_to_organization'),
    summary: 'Add a person to an organization, or take a former member back',
    params: z.object({ person: named, organization: named, role: named, status: named, start_date: named }),
    writes: true,
    run: async ({ dartwing, given, call, enter }) => {
      const org = requireNamed(given.organization);
      const [who, role] = [required('person', given.person), required('role', given.role)];
      await enter(org);
      const terms = {
        ...(given.status ? { status: plainWord(given.status) } : {}),
        ...(given.start_date ? { start_date: given.start_date } : {}),
      };
      const change = await dartwing.people.member.add(org, who, role, terms as never, call);
      const { id, person, organization, role: as, status, start_date } = change.after!;
      return {
        name: id,
        action: change.action,
        person,
        organization,
        role: as,
        status: titled(status.state),
        start_date,
        ...(change.previous_status === undefined ? {} : { previous_status: titled(change.previous_status) }),
      };
    },
  }),
  method({
    name: 'dartwing_core.deactivate_member',
    aliases: names('deactivate_member'),
    summary: 'Let a member leave; the history stays',
    params: z.object({ member: named, end_date: named }),
    writes: true,
    run: async (asked) => {
      const { dartwing, given, call } = asked;
      const member = required('member', given.member);
      const org = await placeOf(asked, 'Org Member', member);
      const options = given.end_date ? { end_date: given.end_date } : {};
      const { after } = await dartwing.people.member.remove(org, member, options, call);
      return { name: after!.id, status: titled(after!.status.state), end_date: after!.end_date };
    },
  }),
  method({
    name: 'dartwing_core.change_member_role',
    aliases: names('change_member_role'),
    summary: 'Give a member another role',
    params: z.object({ member: named, new_role: named }),
    writes: true,
    run: async (asked) => {
      const { dartwing, given, call } = asked;
      const [member, role] = [required('member', given.member), required('new_role', given.new_role)];
      const org = await placeOf(asked, 'Org Member', member);
      const { before, after } = await dartwing.people.member.update(org, member, { role }, call);
      return { name: after!.id, previous_role: before!.role, role: after!.role };
    },
  }),
  method({
    name: 'dartwing_core.check_is_last_supervisor',
    aliases: names('check_is_last_supervisor'),
    summary: 'Tell whether a member is the last supervisor of an organization',
    params: z.object({ member: named }),
    run: async (asked) => {
      const { dartwing, given, call } = asked;
      const name = required('member', given.member);
      const org = await placeOf(asked, 'Org Member', name);
      const members = await dartwing.people.members(org, call);
      const supervisors = members.filter(
        ({ is_supervisor, status }) => is_supervisor && status.state === 'active',
      );
      const mine = members.find(({ id }) => id === name);
      return {
        is_last_supervisor: supervisors.length === 1 && supervisors[0]!.id === name,
        supervisor_count: supervisors.length,
        member_role_is_supervisor: mine?.is_supervisor ?? false,
      };
    },
  }),
  method({
    name: 'dartwing_core.get_members_for_organization',
    aliases: names('get_members_for_organization'),
    summary: 'List members of an organization',
    params: z.object({ organization: named, status: named, include_inactive: truth }),
    run: async ({ dartwing, given, call, enter }) => {
      const org = requireNamed(given.organization);
      await enter(org);
      const input = {
        state: given.status ? plainWord(given.status) : undefined,
        includeInactive: given.include_inactive,
        limit: 100,
      };
      const { items } = await dartwing.people.member.list(org, input, call);
      return items.map((item) => views['Org Member']!(item));
    },
  }),
  method({
    name: 'dartwing_core.get_organizations_for_person',
    aliases: names('get_organizations_for_person'),
    summary: 'List the organizations of a person',
    params: z.object({ person: named, status: named }),
    run: async ({ dartwing, given, call }) => {
      const state = plainWord(given.status ?? 'active');
      const person = required('person', given.person);
      const { items } = await dartwing.people.person.organizations(person, state, call);
      return items.map(({ org_type, status, membership_status, ...rest }) => ({
        ...rest,
        name: rest.organization,
        org_type: titled(org_type),
        status: titled(membership_status),
        organization_status: titled(status),
      }));
    },
  }),
  method({
    name: 'dartwing_core.get_roles_for_org_type',
    aliases: [
      'dartwing.dartwing_core.doctype.role_template.role_template.get_roles_for_org_type',
      'dartwing.dartwing_core.api.get_roles_for_org_type',
    ],
    summary: 'List the role templates of a type of organization',
    params: z.object({ org_type: named }),
    run: async ({ dartwing, given, call }) => {
      const type = plainWord(required('org_type', given.org_type));
      const { items } = await dartwing.people.role.list(type, call);
      return items.map((item) => views['Role Template']!(item as never));
    },
  }),
  method({
    name: 'dartwing_core.is_supervisor_role',
    aliases: [
      'dartwing.dartwing_core.doctype.role_template.role_template.is_supervisor_role',
      'dartwing.dartwing_core.api.is_supervisor_role',
    ],
    summary: 'Tell whether a role supervises',
    params: z.object({ role: named }),
    run: async ({ dartwing, given, call }) =>
      (await dartwing.people.role.show(required('role', given.role), call)).is_supervisor,
  }),
];
