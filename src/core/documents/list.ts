/** Lists of documents with filters and order (requirements §2.2): what is asked for becomes SQL, names only from the doctype. */
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Reach, reachIn, requireSignedIn, type Scope } from '../access/index.js';
import { build } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { parsePage } from '../input.js';
import { limits } from '../limits.js';
import type { DocumentRow } from './change-queries.js';
import type { FieldType } from './definition.js';
import type { Doctype } from './doctype.js';
import {
  type Document,
  type DocumentList,
  type DocumentVersions,
  documentOf,
  versionOf,
} from './document.js';
import { project, recordReads, unsearchable } from './projector.js';
import type { Registry } from './registry.js';
import { findDocument, opened, pageVersions } from './store.js';
import { isPlain, readValue } from './values.js';

export const operators = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'like',
  'not like',
  'in',
  'not in',
  'between',
  'is',
] as const;
type Operator = (typeof operators)[number];

/** `[field, operator, value]` */
export type Filter = readonly [field: string, operator: string, value: unknown];

export interface ListInput {
  /** A list of triples, all of which hold, or an object of equal values. */
  filters?: readonly Filter[] | Readonly<Record<string, unknown>> | undefined;
  /** Fields to show; all unless told. */
  fields?: readonly string[] | undefined;
  /** `due_date asc, name desc`; by name unless told. */
  order_by?: string | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

/** One document. @throws DOCTYPE_UNKNOWN, DOCUMENT_NOT_FOUND (also when it may not be read), UNAUTHENTICATED */
export async function showDocument(
  scope: Scope,
  registry: Registry,
  ref: { doctype: string; name: string },
): Promise<Document> {
  const { row, doctype, reach } = await readOne(scope, registry, ref, false);
  const data = project(scope, doctype, reach, row);
  await recordReads(scope, registry, [{ doctype: doctype.name, name: row.name, data }]);
  return documentOf(scope.tx.organization!, row, data);
}

/** The versions of a document that the log still has, also of a deleted one. @throws as showing */
export async function listVersions(
  scope: Scope,
  registry: Registry,
  ref: { doctype: string; name: string },
  page: { limit?: number; offset?: number } = {},
): Promise<DocumentVersions> {
  const { limit, offset } = parsePage(page);
  const { row: current, doctype, reach } = await readOne(scope, registry, ref, true);
  const rows = await pageVersions(scope.tx, registry, scope.tx.organization!, ref, limit, offset);
  const items = rows.map((row) =>
    versionOf(row, row.data && project(scope, doctype, reach, { ...current, data: row.data })),
  );
  await recordReads(
    scope,
    registry,
    items.map(({ data }) => ({ doctype: doctype.name, name: current.name, data })),
  );
  return {
    api_version: 'dartwing/v1',
    kind: 'DocumentVersionList',
    ref: `document/${ref.doctype}/${ref.name}`,
    items,
    limit,
    offset,
  };
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
  const columns = columnsOf(doctype, reach, unsearchable(scope, doctype));
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

async function readOne(
  scope: Scope,
  registry: Registry,
  ref: { doctype: string; name: string },
  deletedToo: boolean,
): Promise<{ row: DocumentRow; doctype: Doctype; reach: Reach }> {
  requireSignedIn(scope);
  const doctype = registry.get(ref.doctype);
  const reach = reachIn(scope, 'read', doctype.name);
  const row = await findDocument(scope.tx, registry, scope.tx.organization!, ref);
  const { whole, own, names } = reach;
  const mine = row !== undefined && (whole || row.owner === (own ?? '') || names.has(row.name));
  if (mine && (deletedToo || !row.deleted)) return { row, doctype, reach };
  throw new DartwingError('DOCUMENT_NOT_FOUND', { ref: `${ref.doctype}/${ref.name.slice(0, 140)}` });
}

interface Column {
  sql: RawBuilder<unknown>;
  type: FieldType;
}

/** What may be filtered and sorted by: a hidden field would tell its values by what is found. */
function columnsOf(
  { name: doctype, fields, sealedPaths }: Doctype,
  { hidden }: Reach,
  secret: ReadonlySet<string>,
): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>([
    ['name', { sql: sql`d.name`, type: 'Data' }],
    ['owner', { sql: sql`d.owner`, type: 'Data' }],
    ['version', { sql: sql`d.version`, type: 'Int' }],
    ['creation', { sql: sql`d.created_at`, type: 'Datetime' }],
    ['modified', { sql: sql`d.modified_at`, type: 'Datetime' }],
    ['modified_by', { sql: sql`d.modified_by`, type: 'Data' }],
  ]);
  const sealed = new Set(sealedPaths.map(([field]) => field));
  for (const { name, type } of fields.values()) {
    if (
      sealed.has(name) ||
      hidden.has(name) ||
      secret.has(name) ||
      type === 'Table' ||
      type === 'JSON' ||
      type === 'Tags'
    )
      continue;
    columns.set(name, { sql: typed(doctype, name, type), type });
  }
  return columns;
}

function typed(doctype: string, name: string, type: FieldType): RawBuilder<unknown> {
  // The planner may look at a condition before the one on the doctype, and another doctype's text may be no date.
  const text = sql`(case when d.doctype = ${doctype} then d.data ->> ${sql.lit(name)} end)`;
  if (type === 'Int' || type === 'Float') return sql`${text}::numeric`;
  if (type === 'Check') return sql`${text}::boolean`;
  if (type === 'Date') return sql`${text}::date`;
  if (type === 'Datetime') return sql`${text}::timestamptz`;
  return text;
}

function triplesOf(filters: ListInput['filters']): readonly Filter[] {
  const triples = isPlain(filters)
    ? Object.entries(filters).map(([field, value]): Filter => [field, '=', value])
    : (filters ?? []);
  if (!Array.isArray(triples) || triples.length > limits.documentFiltersMax)
    throw wrong(`filters are at most ${limits.documentFiltersMax} triples [field, operator, value]`);
  for (const triple of triples as readonly unknown[])
    if (!Array.isArray(triple) || triple.length !== 3 || typeof triple[0] !== 'string')
      throw wrong('a filter is a triple [field, operator, value]');
  return triples as readonly Filter[];
}

function condition([field, given, value]: Filter, columns: ReadonlyMap<string, Column>): RawBuilder<SqlBool> {
  const column = columnOf(field, columns);
  const operator = operators.find((known) => known === String(given).toLowerCase());
  if (operator === undefined)
    throw wrong(`${String(given).slice(0, 20)} is not one of ${operators.join(', ')}`);
  const one = (each: unknown) => parameter(field, column.type, each);
  switch (operator) {
    case 'is':
      if (value !== 'set' && value !== 'not set') throw wrong(`${field} is "set" or "not set"`);
      return value === 'set' ? sql`${column.sql} is not null` : sql`${column.sql} is null`;
    case 'in':
    case 'not in': {
      const list = requireList(field, value, limits.pageMax).map(one);
      if (list.length === 0) return operator === 'in' ? sql`false` : sql`true`;
      const found = sql<SqlBool>`${column.sql} in (${sql.join(list)})`;
      return operator === 'in' ? found : sql`(${found}) is not true`;
    }
    case 'between': {
      const [from, to] = requireList(field, value, 2);
      if (to === undefined) throw wrong(`${field} between needs two values`);
      return sql`${column.sql} between ${one(from)} and ${one(to)}`;
    }
    case 'like':
    case 'not like': {
      if (typeof value !== 'string' || value.length > limits.dataCharsMax)
        throw wrong(`${field} like needs a text`);
      const text = sql<SqlBool>`${column.sql}::text like ${value}`;
      return operator === 'like' ? text : sql`(${text}) is not true`;
    }
    default:
      return compare(column.sql, operator, value === null ? null : one(value));
  }
}

/** A sealed field tells the database whether it is set, and with a lookup which documents have a value. */
async function sealedCondition(
  scope: Scope,
  { vault }: Registry,
  doctype: Doctype,
  { hidden }: Reach,
  [name, given, value]: Filter,
): Promise<RawBuilder<SqlBool>> {
  const field = doctype.fields.get(name);
  const isSealed = doctype.sealedPaths.some(([path, column]) => path === name && column === undefined);
  if (field === undefined || !isSealed || hidden.has(name) || unsearchable(scope, doctype).has(name))
    throw wrong(`${name.slice(0, 80)} is not a field to filter or sort by`);
  const operator = String(given).toLowerCase();
  const kept = sql`nullif(d.data -> ${sql.lit(name)}, 'null')`;
  if (operator === 'is') {
    if (value !== 'set' && value !== 'not set') throw wrong(`${name} is "set" or "not set"`);
    return value === 'set' ? sql`${kept} is not null` : sql`${kept} is null`;
  }
  if (!field.lookup || (operator !== '=' && operator !== 'in'))
    throw wrong(`${name} is sealed; ${field.lookup ? 'it is found by = and in' : 'it is not searched'}`);
  if (operator === '=' && value === null) return sql`${kept} is null`;
  const list = operator === 'in' ? requireList(name, value, limits.pageMax) : [value];
  const values = list.flatMap((each) => {
    const read = readValue(each, field);
    return 'value' in read && read.value !== null ? [read.value] : [];
  });
  if (values.length === 0) return sql`false`;
  const organization = scope.tx.organization!;
  const digests = await vault.digests(scope.tx, organization, doctype.name, name, values);
  return sql`d.name in (select l.name from document_lookup l where l.organization = ${organization}
    and l.doctype = ${doctype.name} and l.field = ${name} and l.digest = any (${digests}::bytea[]))`;
}

function compare(
  column: RawBuilder<unknown>,
  operator: Exclude<Operator, 'is' | 'in' | 'not in' | 'between' | 'like' | 'not like'>,
  value: RawBuilder<unknown> | null,
): RawBuilder<SqlBool> {
  if (operator === '!=')
    return value === null ? sql`${column} is not null` : sql`${column} is distinct from ${value}`;
  if (value === null) return operator === '=' ? sql`${column} is null` : sql`false`;
  return sql`${column} ${sql.raw(operator)} ${value}`;
}

function parameter(field: string, type: FieldType, value: unknown): RawBuilder<unknown> {
  if (type === 'Int' || type === 'Float') {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number))
      throw wrong(`${field} is compared with a number`);
    return sql`${number}::numeric`;
  }
  if (type === 'Check') {
    if (![true, false, 0, 1].includes(value as never)) throw wrong(`${field} is compared with true or false`);
    return sql`${Boolean(value)}::boolean`;
  }
  if (
    typeof value !== 'string' ||
    value.length > limits.textCharsMax ||
    !value.isWellFormed() ||
    value.includes('\0')
  )
    throw wrong(`${field} is compared with a text`);
  if (type !== 'Date' && type !== 'Datetime') return sql`${value}::text`;
  if (!/^\d{4}-\d{2}-\d{2}/.test(value) || Number.isNaN(Date.parse(value)))
    throw wrong(`${field} is compared with a day or a time`);
  return type === 'Date' ? sql`${value.slice(0, 10)}::date` : sql`${new Date(value)}::timestamptz`;
}

function orderOf(text: string | undefined, columns: ReadonlyMap<string, Column>): RawBuilder<unknown> {
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

function columnOf(field: string, columns: ReadonlyMap<string, Column>): Column {
  const column = columns.get(field);
  if (column === undefined) throw wrong(`${field.slice(0, 80)} is not a field to filter or sort by`);
  return column;
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

function requireList(field: string, value: unknown, max: number): unknown[] {
  if (Array.isArray(value) && value.length <= max) return value;
  throw wrong(`${field} is compared with a list of at most ${max} values`);
}

function wrong(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
