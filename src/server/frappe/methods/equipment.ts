/** Methods about equipment (requirements §9). */
import { z } from 'zod';
import { type Method, method } from '../method.js';
import { clamped, named } from '../parameters.js';
import { plainWord, views } from '../words.js';
import { required } from './members.js';
import { requireNamed } from './organizations.js';

const names = (name: string) => [
  `dartwing.dartwing_core.api.${name}`,
  `dartwing.dartwing_core.doctype.equipment.equipment.${name}`,
];

export const equipmentMethods: readonly Method[] = [
  method({
    name: 'dartwing_core.get_equipment_by_organization',
    aliases: names('get_equipment_by_organization'),
    summary: 'List the equipment of an organization',
    params: z.object({ organization: named, status: named, limit: clamped, offset: clamped }),
    run: async ({ dartwing, given, call, enter }) => {
      const org = requireNamed(given.organization);
      await enter(org);
      const status = given.status ? plainWord(given.status) : undefined;
      const input = { status, limit: given.limit ?? 500, offset: given.offset };
      const { items } = await dartwing.equipment.list(org, input, call);
      return items.map((item) => views.Equipment!(item as never));
    },
  }),
  method({
    name: 'dartwing_core.get_equipment_by_person',
    aliases: names('get_equipment_by_person'),
    summary: 'List what a person has, in the organizations of the caller',
    params: z.object({ person: named }),
    run: async ({ dartwing, given, call, enter }) => {
      const { items } = await dartwing.equipment.listByPerson(required('person', given.person), call);
      for (const org of new Set(items.map((item) => item.owner_organization))) await enter(org);
      return items.map((item) => views.Equipment!(item as never));
    },
  }),
  method({
    name: 'dartwing_core.equipment.get_org_members',
    aliases: ['dartwing.dartwing_core.doctype.equipment.equipment.get_org_members'],
    summary: 'List the members to whom equipment can be assigned',
    params: z.object({ organization: named }),
    run: async ({ dartwing, given, call, enter }) => {
      const org = requireNamed(given.organization);
      await enter(org);
      return dartwing.equipment.custodians(org, call);
    },
  }),
];
