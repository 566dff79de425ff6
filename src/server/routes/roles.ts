/** Role templates of the installation. */
import { z } from 'zod';
import { text } from '../input.js';
import { type Route, route } from '../route.js';
import { changed } from './organizations.js';

const role = z.object({ role: text.min(1) });
const doctype = 'Role Template';
const tag = 'Roles';
const terms = {
  is_supervisor: z.boolean().optional(),
  default_hourly_rate_cents: z.int().optional(),
};
const type = z.enum(['family', 'company', 'nonprofit', 'association']);

export const roleRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/roles',
    id: 'role.list',
    tag,
    summary: 'List role templates',
    query: z.strictObject({ type: text.optional() }),
    kind: 'Role',
    shape: 'page',
    run: async ({ dartwing, query, call }) => ({ page: await dartwing.people.role.list(query.type, call) }),
  }),
  route({
    method: 'post',
    path: '/v1/roles',
    id: 'role.create',
    tag,
    summary: 'Create a role template',
    body: z.strictObject({ name: z.string(), applies_to_org_type: type, ...terms }),
    status: 201,
    kind: 'Role',
    shape: 'data',
    doctype,
    run: async ({ dartwing, body, call }) => changed(await dartwing.people.role.create(body, call)),
  }),
  route({
    method: 'get',
    path: '/v1/roles/{role}',
    id: 'role.show',
    tag,
    summary: 'Show a role template',
    params: role,
    kind: 'Role',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({ data: await dartwing.people.role.show(path.role, call) }),
  }),
  route({
    method: 'patch',
    path: '/v1/roles/{role}',
    id: 'role.update',
    tag,
    summary: 'Change a role template',
    params: role,
    body: z.strictObject({ applies_to_org_type: type.optional(), ...terms }),
    kind: 'Role',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) =>
      changed(await dartwing.people.role.update(path.role, body, call)),
  }),
  route({
    method: 'delete',
    path: '/v1/roles/{role}',
    id: 'role.delete',
    tag,
    summary: 'Delete a role template that nobody has',
    params: role,
    kind: 'Role',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => changed(await dartwing.people.role.delete(path.role, call)),
  }),
];
