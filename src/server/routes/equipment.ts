/** Equipment of organizations. */
import { z } from 'zod';
import { page, text } from '../input.js';
import { type Route, route } from '../route.js';
import { changed } from './organizations.js';

const org = { org: text.min(1).describe('Id or slug') };
const one = z.object({ ...org, equipment: text.min(1).describe('EQ-00001') });
const doctype = 'Equipment';
const tag = 'Equipment';

/** Fields as in the document; which values are right is for the verb to say. */
export const equipmentFields = {
  equipment_type: z.string().nullish(),
  serial_number: z.string().nullish(),
  status: z.string().optional(),
  current_location: z.string().nullish(),
  documents: z.array(z.strictObject({ document_type: z.string(), file: z.string() })).optional(),
  maintenance_schedule: z
    .array(z.strictObject({ task: z.string(), frequency: z.string(), next_due: z.string().nullish() }))
    .optional(),
};

export const equipmentRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/organizations/{org}/equipment',
    id: 'equipment.list',
    tag,
    summary: 'List the equipment of an organization',
    params: z.object(org),
    query: z.strictObject({ ...page, status: text.optional() }),
    kind: 'Equipment',
    shape: 'page',
    run: async ({ dartwing, path, query, call }) => ({
      page: { ...(await dartwing.equipment.list(path.org, query, call)) },
    }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/equipment',
    id: 'equipment.create',
    tag,
    summary: 'Create a piece of equipment',
    params: z.object(org),
    body: z.strictObject({
      equipment_name: z.string(),
      ...equipmentFields,
      assigned_to: z.string().optional().describe('Member who gets it at once, by address or id'),
    }),
    status: 201,
    kind: 'Equipment',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) =>
      changed(await dartwing.equipment.create(path.org, body as never, call)),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/equipment/custodians',
    id: 'equipment.custodians',
    tag,
    summary: 'List the members to whom equipment can be assigned',
    params: z.object(org),
    kind: 'Custodian',
    shape: 'page',
    run: async ({ dartwing, path, call }) => {
      const items = await dartwing.equipment.custodians(path.org, call);
      return { page: { items, total_count: items.length } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/equipment/{equipment}',
    id: 'equipment.show',
    tag,
    summary: 'Show a piece of equipment with its custody trail',
    params: one,
    kind: 'Equipment',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.equipment.show(path.org, path.equipment, call),
    }),
  }),
  route({
    method: 'patch',
    path: '/v1/organizations/{org}/equipment/{equipment}',
    id: 'equipment.update',
    tag,
    summary: 'Change a piece of equipment',
    params: one,
    body: z.strictObject({ equipment_name: z.string().optional(), ...equipmentFields }),
    kind: 'Equipment',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call, ifVersion }) =>
      changed(
        await dartwing.equipment.update(path.org, path.equipment, body as never, { ...call, ifVersion }),
      ),
  }),
  route({
    method: 'delete',
    path: '/v1/organizations/{org}/equipment/{equipment}',
    id: 'equipment.delete',
    tag,
    summary: 'Delete a piece of equipment',
    params: one,
    kind: 'Equipment',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) =>
      changed(await dartwing.equipment.delete(path.org, path.equipment, call)),
  }),
  route({
    method: 'put',
    path: '/v1/organizations/{org}/equipment/{equipment}/custodian',
    id: 'equipment.assign',
    tag,
    summary: 'Hand a piece of equipment to a member',
    params: one,
    body: z.strictObject({ member: z.string().describe('Id or address of the person') }),
    kind: 'Equipment',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) =>
      changed(await dartwing.equipment.assign(path.org, path.equipment, body.member, call)),
  }),
  route({
    method: 'delete',
    path: '/v1/organizations/{org}/equipment/{equipment}/custodian',
    id: 'equipment.unassign',
    tag,
    summary: 'Take a piece of equipment back',
    params: one,
    kind: 'Equipment',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) =>
      changed(await dartwing.equipment.unassign(path.org, path.equipment, call)),
  }),
];
