/** Documents of doctypes that are data. */
import { z } from 'zod';
import { parseFilters } from '../frappe/query.js';
import { page, text } from '../input.js';
import { type Input, type Route, route } from '../route.js';
import { changed } from './organizations.js';

const many = z.object({
  org: text.min(1).describe('Id or slug'),
  doctype: text.min(1).describe('Task, Note, …'),
});
const one = many.extend({ name: text.min(1) });
const doctype = '{doctype}';
const tag = 'Documents';
const data = z.record(z.string(), z.unknown());

/** What is not there and what is not for the caller are the same; the organization is asked for before. */
async function place({
  dartwing,
  path,
  call,
}: Pick<Input<{ org: string }, unknown, unknown>, 'dartwing' | 'path' | 'call'>) {
  return dartwing.permissions.enter(path.org, { principal: call.principal!, via: 'http' });
}

export const documentRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/doctypes',
    id: 'doctype.list',
    tag,
    summary: 'List the doctypes that are known',
    kind: 'Doctype',
    shape: 'page',
    run: async ({ dartwing }) => {
      const items = await dartwing.documents.doctypes.list();
      return { page: { items, total_count: items.length } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/doctypes/{doctype}',
    id: 'doctype.show',
    tag,
    summary: 'Show the fields and rules of a doctype',
    params: z.object({ doctype: text.min(1) }),
    kind: 'Doctype',
    shape: 'data',
    run: async ({ dartwing, path }) => ({ data: await dartwing.documents.doctypes.show(path.doctype) }),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/documents/{doctype}',
    id: 'document.list',
    tag,
    summary: 'List documents of a doctype, with filters, fields and order',
    params: many,
    query: z.strictObject({
      ...page,
      filters: text.optional().describe('JSON: [["status","=","Open"]] or {"status":"Open"}'),
      fields: text.optional().describe('Names with commas between them'),
      order_by: text.optional().describe('due_date desc, name asc'),
    }),
    kind: 'Document',
    shape: 'page',
    run: async (asked) => {
      const { filters, fields, ...query } = asked.query;
      const input = {
        ...query,
        filters: parseFilters(filters),
        fields: fields?.split(',').map((name) => name.trim()),
      };
      const org = await place(asked);
      return { page: await asked.dartwing.documents.list(org, asked.path.doctype, input, asked.call) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/documents/{doctype}',
    id: 'document.create',
    tag,
    summary: 'Create a document',
    params: many,
    body: z.strictObject({ name: z.string().optional(), data }),
    status: 201,
    kind: 'Document',
    shape: 'data',
    doctype,
    run: async (asked) =>
      changed(
        await asked.dartwing.documents.create(
          await place(asked),
          asked.path.doctype,
          asked.body as never,
          asked.call,
        ),
      ),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/documents/{doctype}/{name}',
    id: 'document.show',
    tag,
    summary: 'Show a document',
    params: one,
    kind: 'Document',
    shape: 'data',
    doctype,
    run: async (asked) => {
      const { path, call, dartwing } = asked;
      return { data: await dartwing.documents.show(await place(asked), path.doctype, path.name, call) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/documents/{doctype}/{name}/versions',
    id: 'document.versions',
    tag,
    summary: 'List the versions of a document that are still kept, newest first',
    params: one,
    query: z.strictObject(page),
    kind: 'DocumentVersion',
    shape: 'page',
    run: async (asked) => {
      const { path, call, dartwing, query } = asked;
      const org = await place(asked);
      return { page: await dartwing.documents.versions(org, path.doctype, path.name, query as never, call) };
    },
  }),
  route({
    method: 'patch',
    path: '/v1/organizations/{org}/documents/{doctype}/{name}',
    id: 'document.update',
    tag,
    summary: 'Change fields of a document',
    params: one,
    body: z.strictObject({ data }),
    kind: 'Document',
    shape: 'data',
    doctype,
    run: async (asked) => {
      const { path, body, call, dartwing, ifVersion } = asked;
      const facts = { ...call, ifVersion };
      return changed(
        await dartwing.documents.update(await place(asked), path.doctype, path.name, body.data, facts),
      );
    },
  }),
  route({
    method: 'delete',
    path: '/v1/organizations/{org}/documents/{doctype}/{name}',
    id: 'document.delete',
    tag,
    summary: 'Delete a document; clients are told by a tombstone',
    params: one,
    kind: 'Document',
    shape: 'data',
    doctype,
    run: async (asked) => {
      const { path, call, dartwing, ifVersion } = asked;
      const facts = { ...call, ifVersion };
      return changed(await dartwing.documents.delete(await place(asked), path.doctype, path.name, facts));
    },
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/documents/{doctype}/{name}/undelete',
    id: 'document.undelete',
    tag,
    summary: 'Take back the deletion of a document',
    params: one,
    kind: 'Document',
    shape: 'data',
    doctype,
    run: async (asked) => {
      const { path, call, dartwing } = asked;
      return changed(await dartwing.documents.undelete(await place(asked), path.doctype, path.name, call));
    },
  }),
];
