/** Filters of a list (requirements §2.2) as SQL; names come only from the doctype. */
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Reach, Scope } from '../access/index.js';
import { limits } from '../limits.js';
import { type Column, type Columns, columnOf, wrong } from './columns.js';
import type { FieldType } from './definition.js';
import type { Doctype } from './doctype.js';
import { unsearchable } from './projector.js';
import type { Registry } from './registry.js';
import { isPlain, readValue } from './values.js';

const operators = [
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

/** A list of triples, all of which hold, or an object of equal values. */
export type Filters = readonly Filter[] | Readonly<Record<string, unknown>>;

/** Filters in the one form of triples. @throws VALIDATION_ERROR */
export function triplesOf(filters: Filters | undefined): readonly Filter[] {
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

/** What a filter demands. @throws VALIDATION_ERROR */
export function condition([field, given, value]: Filter, columns: Columns): RawBuilder<SqlBool> {
  const column = columnOf(field, columns);
  const operator = operators.find((known) => known === String(given).toLowerCase());
  if (operator === undefined)
    throw wrong(`${String(given).slice(0, 20)} is not one of ${operators.join(', ')}`);
  const byKey = keyCondition(column, field, operator, value);
  if (byKey !== undefined) return byKey;
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

/** @throws VALIDATION_ERROR. A sealed field tells the database whether it is set, and with a lookup which documents have a value. */
export async function sealedCondition(
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

/** Longest text that a key repeats (migration 34); longer ones have none. */
const keyCharsMax = 300;
const equality: ReadonlySet<Operator> = new Set(['=', 'in']);
const ordering: ReadonlySet<Operator> = new Set(['<', '<=', '>', '>=', 'between']);
/** Types whose texts are in the order of their values. */
const ordered: ReadonlySet<FieldType> = new Set(['Date', 'Datetime']);

/** The same by the key of the field, where it has one and that tells everything. */
function keyCondition(
  { key, type }: Column,
  field: string,
  operator: Operator,
  value: unknown,
): RawBuilder<SqlBool> | undefined {
  if (key === undefined || value === null) return undefined;
  if (!equality.has(operator) && !(ordering.has(operator) && ordered.has(type))) return undefined;
  const max = operator === 'between' ? 2 : limits.pageMax;
  const given = operator === 'in' || operator === 'between' ? requireList(field, value, max) : [value];
  const texts = given.map((each) => keyText(field, type, each));
  const [from, to] = texts;
  if (from === undefined || texts.some((text) => text === undefined || text.length > keyCharsMax))
    return undefined;
  if (operator === 'between') return to === undefined ? undefined : sql`${key} between ${from} and ${to}`;
  if (operator === 'in') return sql`${key} = any (${texts}::text[])`;
  return sql`${key} ${sql.raw(operator)} ${from}`;
}

/** The text under which a value stands in a key; undefined when it can stand in none. @throws VALIDATION_ERROR */
function keyText(field: string, type: FieldType, value: unknown): string | undefined {
  parameter(field, type, value);
  if (type === 'Int') return Number.isSafeInteger(Number(value)) ? String(Number(value)) : undefined;
  if (type === 'Check') return String(Boolean(value));
  if (type === 'Date') return (value as string).slice(0, 10);
  return type === 'Datetime' ? new Date(value as string).toISOString() : (value as string);
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

function requireList(field: string, value: unknown, max: number): unknown[] {
  if (Array.isArray(value) && value.length <= max) return value;
  throw wrong(`${field} is compared with a list of at most ${max} values`);
}
