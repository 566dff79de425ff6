/**
 * The catalogue of sealed columns is the database's own: every column of the type `sealed`. Statements on them are
 * made here, for tables that this room knows nothing else of.
 */
import { systemOrganization } from '../audit/index.js';
import { quoteIdentifier, type Tx } from '../db/index.js';
import type { Place } from './envelope.js';

/** A column of sealed values, and how its rows are told apart. */
export interface SealedColumn {
  table: string;
  column: string;
  /** Rows belong to organizations; those of other tables to SYSTEM. */
  tenant: boolean;
  /** The primary key without the organization. */
  key: readonly { name: string; type: string }[];
}

/** One sealed value. */
export interface SealedRow {
  row: string[];
  sealed: Buffer;
}

/** Every sealed column of the schema, in the order of their names. */
export async function listSealedColumns(tx: Tx): Promise<SealedColumn[]> {
  const text = `select c.relname as table, a.attname as column,
      exists (select from pg_attribute o where o.attrelid = c.oid and o.attname = 'organization' and not o.attisdropped) as tenant,
      coalesce((select json_agg(json_build_object('name', k.attname, 'type', format_type(k.atttypid, k.atttypmod)) order by place)
        from pg_constraint p, unnest(p.conkey) with ordinality as part (number, place)
        join pg_attribute k on k.attrelid = c.oid and k.attnum = part.number
        where p.conrelid = c.oid and p.contype = 'p' and k.attname <> 'organization'), '[]') as key
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.atttypid = to_regtype('sealed') and not a.attisdropped and a.attnum > 0
      and c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    order by 1, 2`;
  return (await tx.query<SealedColumn>(text)).rows;
}

/** How many values of a column are sealed, by key; of one organization, of SYSTEM, or of all. */
export async function countByKey(
  tx: Tx,
  { table, column, tenant }: SealedColumn,
  organization?: string,
): Promise<Map<string, number>> {
  if (!tenant && organization !== undefined && organization !== systemOrganization) return new Map();
  const mine = tenant ? 'and ($1::text is null or organization = $1)' : 'and ($1::text is null or true)';
  const name = quoteIdentifier(column);
  const text = `select sealed_key(${name}) as key, count(*)::int as count from ${quoteIdentifier(table)}
    where ${name} is not null ${mine} group by 1`;
  const { rows } = await tx.query<{ key: string; count: number }>(text, [organization]);
  return new Map(rows.map(({ key, count }) => [key, count]));
}

/** How many values of a column some keys of an organization still seal; keys that seal none are left out. */
export async function countSealed(
  tx: Tx,
  { table, column, tenant }: SealedColumn,
  organization: string,
  keyIds: readonly string[],
): Promise<Map<string, number>> {
  const name = quoteIdentifier(column);
  const mine = tenant ? 'organization = $1' : '$1::text is not null';
  const text = `select sealed_key(${name}) as key, count(*)::int as count from ${quoteIdentifier(table)}
    where ${mine} and ${name} is not null and sealed_key(${name}) = any ($2::uuid[]) group by 1`;
  const { rows } = await tx.query<{ key: string; count: number }>(text, [organization, keyIds]);
  return new Map(rows.map(({ key, count }) => [key, count]));
}

/**
 * The next values that a key seals, in the order of their rows' keys.
 * @param after where the page before ended
 * @param lock `skip` leaves out what others are changing, `wait` waits for it, `none` only reads
 */
export async function pageSealed(
  tx: Tx,
  sealedColumn: SealedColumn,
  organization: string,
  keyId: string,
  { after, rowsMax, lock }: { after: readonly string[]; rowsMax: number; lock: 'skip' | 'wait' | 'none' },
): Promise<SealedRow[]> {
  const { key, column } = sealedColumn;
  const { from, where, values } = selection(sealedColumn, organization, keyId);
  const names = key.map(({ name }) => `t.${quoteIdentifier(name)}`);
  const parameters = key.map(({ type }, index) => `$${values.length + 2 + index}::text::${type}`);
  const later = after.length === 0 ? '' : `and (${names.join(', ')}) > (${parameters.join(', ')})`;
  const locking = { skip: 'for update skip locked', wait: 'for update', none: '' }[lock];
  const text = `select array[${names.map((name) => `${name}::text`).join(', ')}] as row, t.${quoteIdentifier(column)} as sealed
    ${from} ${where} ${later} order by ${names.join(', ')} limit $${values.length + 1} ${locking}`;
  return (await tx.query<SealedRow>(text, [...values, rowsMax, ...after])).rows;
}

/** Writes values back, of rows that the transaction has locked. */
export async function writeSealed(
  tx: Tx,
  { table, column, tenant, key }: SealedColumn,
  organization: string,
  rows: readonly SealedRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const lists = key.map((_, index) => `$${index + 3}::text[]`);
  const same = key.map(({ name, type }, index) => `t.${quoteIdentifier(name)} = (v.k${index})::${type}`);
  const mine = tenant ? 't.organization = $1' : '$1::text is not null';
  const text = `update ${quoteIdentifier(table)} t set ${quoteIdentifier(column)} = v.value
    from unnest($2::bytea[], ${lists.join(', ')}) as v (value, ${key.map((_, index) => `k${index}`).join(', ')})
    where ${mine} and ${same.join(' and ')}`;
  const columns = key.map((_, index) => rows.map(({ row }) => row[index]));
  await tx.query(text, [organization, rows.map(({ sealed }) => sealed), ...columns]);
}

/** Where a value of a column belongs. */
export function placeOf(
  { table, column }: SealedColumn,
  organization: string,
  row: readonly string[],
): Place {
  return { organization, table, column, row };
}

/** Columns that may hold values of an organization. */
export function columnsOf(columns: readonly SealedColumn[], organization: string): SealedColumn[] {
  return columns.filter(({ tenant }) => tenant !== (organization === systemOrganization));
}

function selection({ table, column, tenant }: SealedColumn, organization: string, keyId: string) {
  const name = `t.${quoteIdentifier(column)}`;
  const from = `from ${quoteIdentifier(table)} t`;
  const sealed = `${name} is not null and sealed_key(${name}) =`;
  return tenant
    ? { from, where: `where t.organization = $1 and ${sealed} $2`, values: [organization, keyId] }
    : { from, where: `where ${sealed} $1`, values: [keyId] };
}
