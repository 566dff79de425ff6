/** Methods about rights (requirements §8.6). Unlike those of the organization API they show what is accessible only. */
import { z } from 'zod';
import { isDartwingError } from '../../../core/errors.js';
import { moment } from '../../input.js';
import { requirePerson } from '../../routes/persons.js';
import { type Method, method } from '../method.js';
import { clamped, named, truth } from '../parameters.js';
import { titled } from '../words.js';
import { requireNamed } from './organizations.js';

const names = (name: string) => [
  `dartwing.dartwing_core.permissions.api.${name}`,
  `dartwing.permissions.api.${name}`,
  `dartwing_core.permissions.${name}`,
];

export const permissionMethods: readonly Method[] = [
  method({
    name: 'dartwing.permissions.get_user_organizations',
    aliases: names('get_user_organizations'),
    summary: 'List the organizations that the caller may work in',
    params: z.object({}),
    run: async ({ dartwing, caller, call }) => {
      const { items } = await dartwing.people.person.organizations(requirePerson(caller), 'active', call);
      return items
        .filter((item) => item.has_access)
        .map(({ organization: name, org_name, org_type, logo }) => ({
          name,
          org_name,
          org_type: titled(org_type),
          logo,
        }));
    },
  }),
  method({
    name: 'dartwing.permissions.check_organization_access',
    aliases: names('check_organization_access'),
    summary: 'Tell whether the caller may work in an organization',
    params: z.object({ organization: named }),
    run: async ({ dartwing, given, call, enter }) => {
      const org = requireNamed(given.organization);
      try {
        await enter(org);
        const document = await dartwing.tenancy.show(org, call);
        return {
          has_access: true,
          org_type: titled(document.type),
          concrete_type: document.status.linked_doctype,
        };
      } catch (error) {
        if (isDartwingError(error) && error.code === 'PERMISSION_DENIED') return { has_access: false };
        throw error;
      }
    },
  }),
  method({
    name: 'dartwing.permissions.get_organization_members',
    aliases: names('get_organization_members'),
    summary: 'List the members of an organization with their roles',
    params: z.object({ organization: named, include_inactive: truth }),
    run: async ({ dartwing, given, call, enter }) => {
      const org = requireNamed(given.organization);
      await enter(org);
      const input = { includeInactive: given.include_inactive, limit: 100 };
      const { items } = await dartwing.people.member.list(org, input, call);
      return items.map(({ id, person, name, role, status, start_date, is_supervisor }) => ({
        name: id,
        person,
        person_name: name,
        role,
        status: titled(status.state),
        start_date,
        is_supervisor,
      }));
    },
  }),
  method({
    name: 'dartwing.permissions.get_permission_audit_log',
    aliases: names('get_permission_audit_log'),
    summary: 'List grants that were made, taken away or left out; for System Managers',
    params: z.object({
      organization: named,
      user: named,
      event_type: z.enum(['create', 'remove', 'skip']).nullish(),
      from_date: moment.nullish(),
      to_date: moment.nullish(),
      limit: clamped,
    }),
    run: async ({ dartwing, given, call }) => {
      const { items } = await dartwing.permissions.log(
        {
          organization: given.organization ?? undefined,
          person: given.user ?? undefined,
          event: given.event_type ?? undefined,
          since: given.from_date ?? undefined,
          until: given.to_date ?? undefined,
          limit: given.limit,
        },
        call,
      );
      const entries = items.map(({ at, event, org_member, person, organization, user, allow, reason }) => ({
        timestamp: at,
        event,
        org_member,
        person,
        organization,
        user,
        doctype: allow,
        reason,
      }));
      return { entries, total: entries.length };
    },
  }),
];
