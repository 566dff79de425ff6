/** `/api/resource/{DocType}[/{name}]`: records and documents in the shape that clients of Frappe know. */
import { z } from 'zod';
import { parseInput } from '../../core/input.js';
import { text } from '../input.js';
import { type Input, type Route, route } from '../route.js';
import { invalid, listQuery, parseList, project, takeEqual } from './query.js';
import { records, requirePlace } from './records.js';
import { documentView, views } from './words.js';

const tag = 'Resources';
const many = z.object({
  doctype: text.min(1).describe('Organization, Person, Org Member, Equipment, Task, …'),
});
const one = many.extend({ name: text.min(1) });
const fields = z.record(z.string(), z.unknown());
/** Whose document it is, for doctypes whose names are unique in an organization only. */
const place = z.object({ organization: text.optional() });

type Asked = Input<{ doctype: string; name?: string }, { organization?: string | undefined }, never>;

/** Rights of documents are asked for with their own doctype. */
function viewOf(doctype: string, document: unknown): unknown {
  if (document === null || document === undefined) return null;
  return (views[doctype] ?? documentView)(document as Record<string, unknown>);
}

/** The organization of a document that no room of its own knows. */
function placeOf(asked: Asked, body: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const named = asked.query.organization ?? body.organization;
  if (named !== undefined && typeof named !== 'string') throw invalid('organization is an id or a slug');
  return requirePlace(asked, named);
}

/** Whether there are such documents at all; a caller without organization is told so as well. @throws DOCTYPE_UNKNOWN */
async function requireDoctype({ dartwing, path }: Asked): Promise<void> {
  await dartwing.documents.doctypes.show(path.doctype);
}

/** What Frappe's clients send back of what they read. */
const notData = [
  'doctype',
  'name',
  'organization',
  'owner',
  'creation',
  'modified',
  'modified_by',
  'docstatus',
  'version',
];

function dataOf(body: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !notData.includes(key)));
}

export const resourceRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/api/resource/{doctype}',
    id: 'resource.list',
    tag,
    summary: 'List records of a doctype, with filters, fields and order',
    params: many,
    query: listQuery,
    counts: 'resource',
    kind: 'Resource',
    shape: 'page',
    run: async (asked) => {
      const request = parseList(asked.query);
      const { doctype } = asked.path;
      const known = records.get(doctype);
      if (known === undefined) return { page: await listDocuments(asked, request) };
      const byFilter = takeEqual(request.filters, 'organization');
      const organization = byFilter.value ?? asked.query.organization;
      const found = await known.list(asked, { ...request, filters: byFilter.rest, organization });
      const rows = found.items.map((item) => viewOf(doctype, item) as Record<string, unknown>);
      const { total_count, limit, offset } = found;
      return { page: { items: project(rows, request.fields), total_count, limit, offset } as never };
    },
  }),
  route({
    method: 'post',
    path: '/api/resource/{doctype}',
    id: 'resource.create',
    tag,
    summary: 'Create a record of a doctype',
    params: many,
    query: place,
    body: fields,
    status: 201,
    counts: 'resource',
    kind: 'Resource',
    shape: 'data',
    doctype: '{doctype}',
    run: async (asked) => {
      const { path, body, dartwing, call } = asked;
      const known = records.get(path.doctype);
      if (known !== undefined) return { data: viewOf(path.doctype, await known.create(asked, body)) };
      await requireDoctype(asked as never);
      const organization = await placeOf(asked as never, body);
      const name = parseInput(z.string().optional(), body.name);
      const input = name === undefined ? { data: dataOf(body) } : { name, data: dataOf(body) };
      const { after } = await dartwing.documents.create(organization, path.doctype, input as never, call);
      return { data: viewOf(path.doctype, after) };
    },
  }),
  route({
    method: 'get',
    path: '/api/resource/{doctype}/meta',
    id: 'resource.meta',
    tag,
    summary: 'Show the fields and rules of a doctype',
    params: many,
    counts: 'resource',
    kind: 'Doctype',
    shape: 'data',
    run: async ({ dartwing, path }) => ({ data: await dartwing.documents.doctypes.show(path.doctype) }),
  }),
  route({
    method: 'get',
    path: '/api/resource/{doctype}/{name}',
    id: 'resource.show',
    tag,
    summary: 'Show a record',
    params: one,
    query: place,
    counts: 'resource',
    kind: 'Resource',
    shape: 'data',
    doctype: '{doctype}',
    run: async (asked) => {
      const { path, dartwing, call } = asked;
      const known = records.get(path.doctype);
      if (known !== undefined) return { data: viewOf(path.doctype, await known.show(asked, path.name)) };
      await requireDoctype(asked as never);
      const organization = await placeOf(asked as never);
      return {
        data: viewOf(
          path.doctype,
          await dartwing.documents.show(organization, path.doctype, path.name, call),
        ),
      };
    },
  }),
  route({
    method: 'put',
    path: '/api/resource/{doctype}/{name}',
    id: 'resource.update',
    tag,
    summary: 'Change fields of a record',
    params: one,
    query: place,
    body: fields,
    counts: 'resource',
    kind: 'Resource',
    shape: 'data',
    doctype: '{doctype}',
    run: async (asked) => {
      const { path, body, dartwing, call, ifVersion } = asked;
      const known = records.get(path.doctype);
      if (known !== undefined)
        return { data: viewOf(path.doctype, await known.update(asked, path.name, body)) };
      await requireDoctype(asked as never);
      const organization = await placeOf(asked as never, body);
      const change = await dartwing.documents.update(organization, path.doctype, path.name, dataOf(body), {
        ...call,
        ifVersion,
      });
      return { data: viewOf(path.doctype, change.after) };
    },
  }),
  route({
    method: 'delete',
    path: '/api/resource/{doctype}/{name}',
    id: 'resource.delete',
    tag,
    summary: 'Delete a record',
    params: one,
    query: place,
    status: 202,
    counts: 'resource',
    kind: 'Deleted',
    shape: 'body',
    run: async (asked) => {
      const { path, dartwing, call, ifVersion } = asked;
      const known = records.get(path.doctype);
      if (known !== undefined) {
        await known.remove(asked, path.name);
      } else {
        await requireDoctype(asked as never);
        const organization = await placeOf(asked as never);
        await dartwing.documents.delete(organization, path.doctype, path.name, { ...call, ifVersion });
      }
      return { body: { message: 'ok' } };
    },
  }),
];

async function listDocuments(
  asked: Input<{ doctype: string }, { organization?: string | undefined }, unknown>,
  { filters, fields: wanted, orderBy, limit, offset }: ReturnType<typeof parseList>,
) {
  await requireDoctype(asked as never);
  const byFilter = takeEqual(filters, 'organization');
  const organization = await requirePlace(asked, byFilter.value ?? asked.query.organization);
  const { dartwing, path, call } = asked;
  await dartwing.permissions.enter(organization, { ...call, witness: undefined });
  // The name is no field of the data: it stands in every row.
  const own = wanted?.filter((field) => !notData.includes(field));
  const input = { filters: byFilter.rest, fields: own, order_by: orderBy, limit, offset };
  const found = await dartwing.documents.list(organization, path.doctype, input, call);
  const rows = found.items.map((item) => documentView(item as never));
  return { ...found, items: project(rows, wanted) };
}
