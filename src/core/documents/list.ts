/** Lists of documents with filters and order (requirements §2.2). */
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Reach, reachIn, requireSignedIn, type Scope } from '../access/index.js';
import { build } from '../db/index.js';
import { parsePage } from '../input.js';
import type { DocumentRow } from './change-queries.js';
import { type Columns, columnOf, columnsOf, wrong } from './columns.js';
import { condition, type Filters, sealedCondition, triplesOf } from './conditions.js';
import type { Doctype } from './doctype.js';
import { type DocumentList, documentOf } from './document.js';
import { project, recordReads, unsearchable } from './projector.js';
import type { Registry } from './registry.js';
import { opened } from './store.js';

export interface ListInput {
  filters?: Filters | undefined;
  /** Fields to show; all unless told. */
  fields?: readonly string[] | undefined;
  /** `due_date asc, name desc`; by name unless told. */
  order_by?: string | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

/** A page of the documents that the principal may read. @throws DOCTYPE_UNKNOWN, VALIDATION_ERROR, UNAUTHENTICATED */
export async function listDocuments(
  scope: Scope,
  registry: Registry,
  doctypeName: string,
  input: ListInput = {},
): Promise<DocumentList> {
  requireSignedIn(scope);
  const doctype = registry.get(doctypeName);
  const { limit, offset } = parsePage(input);
  const organization = scope.tx.organization!;
  const reach = reachIn(scope, 'read', doctype.name);
  const keys = await registry.keys.of(scope.tx, doctype);
  const columns = columnsOf(doctype, reach, unsearchable(scope, doctype), keys);
  const shown = shownFields(doctype, reach, input.fields);
  const conditions = [
    sql<SqlBool>`d.organization = ${organization}`,
    sql<SqlBool>`d.doctype = ${doctype.name}`,
    sql<SqlBool>`not d.deleted`,
    within(reach),
    ...(await Promise.all(
      triplesOf(input.filters).map((filter) =>
        columns.has(filter[0])
          ? condition(filter, columns)
          : sealedCondition(scope, registry, doctype, reach, filter),
      ),
    )),
  ];
  const where = sql`${sql.join(conditions, sql` and `)}`;
  const order = orderOf(input.order_by, columns);
  const page = sql<DocumentRow>`select d.doctype, d.name, d.version, d.deleted, d.owner, d.data, d.created_at, d.created_by,
    d.modified_at, d.modified_by from document d where ${where} order by ${order} limit ${limit} offset ${offset}`;
  const count = sql<{ total: number }>`select count(*)::int as total from document d where ${where}`;
  const [rows, totals] = await Promise.all([
    scope.tx.run<DocumentRow>({ compile: () => page.compile(build) }),
    scope.tx.run<{ total: number }>({ compile: () => count.compile(build) }),
  ]);
  const documents = await opened(scope.tx, registry, organization, rows);
  const items = documents.map((row) => {
    const data = project(scope, doctype, reach, row);
    const picked =
      shown === undefined ? data : Object.fromEntries(shown.map((field) => [field, data[field] ?? null]));
    return documentOf(organization, row, picked);
  });
  await recordReads(scope, registry, items);
  return {
    api_version: 'dartwing/v1',
    kind: 'DocumentList',
    items,
    total_count: totals[0]!.total,
    limit,
    offset,
  };
}

/** The rows of a reach. */
function within({ whole, own, names }: Reach): RawBuilder<SqlBool> {
  if (whole) return sql`true`;
  const mine = own === undefined ? sql<SqlBool>`false` : sql<SqlBool>`d.owner = ${own}`;
  return sql`(${mine} or d.name = any (${[...names]}::text[]))`;
}

function orderOf(text: string | undefined, columns: Columns): RawBuilder<unknown> {
  if (text === undefined || text.trim() === '') return sql`d.name`;
  const parts = text.split(',').map((part) => {
    const [field = '', direction = 'asc', ...rest] = part.trim().split(/\s+/);
    if (rest.length > 0 || !/^(asc|desc)$/i.test(direction))
      throw wrong('order_by is fields with asc or desc, separated by commas');
    const column = columnOf(field, columns).sql;
    return direction.toLowerCase() === 'desc'
      ? sql`${column} desc nulls last`
      : sql`${column} asc nulls first`;
  });
  // The name decides between equals, so that pages neither repeat nor skip.
  return sql.join([...parts, sql`d.name`]);
}

function shownFields(
  { fields }: Doctype,
  { hidden }: Reach,
  wanted: readonly string[] | undefined,
): string[] | undefined {
  if (wanted === undefined || (wanted.length === 1 && wanted[0] === '*')) return undefined;
  if (!Array.isArray(wanted)) throw wrong('fields is a list of names');
  const unknown = wanted.find((field) => field !== 'name' && (!fields.has(field) || hidden.has(field)));
  if (unknown !== undefined) throw wrong(`${String(unknown).slice(0, 80)} is not a field`);
  return wanted.filter((field) => field !== 'name');
}
