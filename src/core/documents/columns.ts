/** The fields of a doctype as columns of a list. */
import { type RawBuilder, sql } from 'kysely';
import type { Reach } from '../access/index.js';
import { DartwingError } from '../errors.js';
import type { FieldType } from './definition.js';
import type { Doctype } from './doctype.js';

/** What may be filtered and sorted by. */
export interface Column {
  sql: RawBuilder<unknown>;
  type: FieldType;
  /** Column with an index that repeats the value. */
  key?: RawBuilder<unknown>;
}

export type Columns = ReadonlyMap<string, Column>;

/** What may be filtered and sorted by: a hidden field would tell its values by what is found. */
export function columnsOf(
  { name: doctype, fields, sealedPaths }: Doctype,
  { hidden }: Reach,
  secret: ReadonlySet<string>,
  keys: ReadonlyMap<string, number>,
): Columns {
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
    const slot = keys.get(name);
    const key = slot === undefined ? {} : { key: sql.ref(`d.key${slot}`) };
    columns.set(name, { sql: typed(doctype, name, type), type, ...key });
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

/** @throws VALIDATION_ERROR */
export function columnOf(field: string, columns: Columns): Column {
  const column = columns.get(field);
  if (column === undefined) throw wrong(`${field.slice(0, 80)} is not a field to filter or sort by`);
  return column;
}

export function wrong(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
