/** Why somebody may or may not do something, and what became of grants. */
import { z } from 'zod';
import { moment, text, whole } from '../input.js';
import { type Route, route } from '../route.js';

const tag = 'Permissions';

export const permissionRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/permissions/explain',
    id: 'permission.explain',
    tag,
    summary: 'Explain whether a person may do something, layer by layer',
    query: z.strictObject({
      person: text,
      action: text,
      ref: text.describe('Doctype/name'),
      organization: text.optional(),
    }),
    kind: 'Decision',
    shape: 'data',
    run: async ({ dartwing, query, call }) => ({ data: await dartwing.permissions.explain(query, call) }),
  }),
  route({
    method: 'get',
    path: '/v1/permissions/log',
    id: 'permission.log',
    tag,
    summary: 'List grants that were made, taken away or left out',
    query: z.strictObject({
      organization: text.optional(),
      person: text.optional(),
      event: z.enum(['create', 'remove', 'skip']).optional(),
      since: moment.optional(),
      until: moment.optional(),
      limit: whole.optional(),
    }),
    kind: 'GrantEvent',
    shape: 'page',
    run: async ({ dartwing, query, call }) => ({ page: await dartwing.permissions.log(query, call) }),
  }),
];
