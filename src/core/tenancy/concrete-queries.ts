/** Statements on concrete records and their child rows. Table and column names come from `concreteTypes`. */
import { quoteIdentifier, type Tx } from '../db/index.js';
import type { ChildTable, ConcreteType } from './concrete.js';

type Fields = Record<string, unknown>;

/** Inserts the concrete record of a new organization. All its statements are on their way when this returns a promise. */
export async function insertConcrete(
  tx: Tx,
  type: ConcreteType,
  organization: string,
  name: string,
  fields: Fields,
): Promise<void> {
  const given = Object.keys(type.fields).filter((key) => fields[key] !== undefined);
  const names = ['organization', 'name', ...given];
  const text = `insert into ${quoteIdentifier(type.table)} (${names.map(quoteIdentifier).join(', ')})
    values (${names.map((_, index) => `$${index + 1}`).join(', ')})`;
  const values = [organization, name, ...given.map((key) => fields[key])];
  // Most say no more than the name. Connections remember that form alone: every other set of fields would be one more.
  const isPlain = given.every((key) => key === type.nameField);
  const statement = isPlain ? `dartwing_concrete_insert_${type.table}_${given.length}` : undefined;
  const sent: Promise<unknown>[] = [tx.query(text, values, statement)];
  for (const child of type.children) {
    const rows = fields[child.key];
    if (Array.isArray(rows)) sent.push(insertChildren(tx, child, organization, rows as Fields[]));
  }
  await Promise.all(sent);
}

/** The concrete record with its child rows, without the columns that only link; undefined when it is missing. */
export async function readConcrete(
  tx: Tx,
  type: ConcreteType,
  organization: string,
): Promise<Fields | undefined> {
  const fields = Object.keys(type.fields).map(quoteIdentifier).join(', ');
  const [record, ...children] = await Promise.all([
    tx.query<Fields>(
      `select name, ${fields} from ${quoteIdentifier(type.table)} where organization = $1`,
      [organization],
      `dartwing_concrete_${type.table}`,
    ),
    ...type.children.map((child) => readChildren(tx, child, organization)),
  ]);
  const [row] = record.rows;
  if (row === undefined) return undefined;
  const document: Fields = {};
  for (const [key, value] of Object.entries(row))
    document[key] = typeof value === 'string' && key.endsWith('_cents') ? Number(value) : value;
  type.children.forEach((child, index) => {
    document[child.key] = children[index];
  });
  return document;
}

/** Changes fields of the concrete record; child lists that are given replace what is there. */
export async function updateConcrete(
  tx: Tx,
  type: ConcreteType,
  organization: string,
  fields: Fields,
): Promise<void> {
  const given = Object.keys(type.fields).filter((key) => fields[key] !== undefined);
  if (given.length > 0) {
    const set = given.map((key, index) => `${quoteIdentifier(key)} = $${index + 2}`).join(', ');
    await tx.query(`update ${quoteIdentifier(type.table)} set ${set} where organization = $1`, [
      organization,
      ...given.map((key) => fields[key]),
    ]);
  }
  for (const child of type.children) {
    const rows = fields[child.key];
    if (!Array.isArray(rows)) continue;
    await deleteChildren(tx, child, organization);
    await insertChildren(tx, child, organization, rows as Fields[]);
  }
}

/** Deletes the concrete record and its child rows. Returns whether there was a record. */
export async function deleteConcrete(tx: Tx, type: ConcreteType, organization: string): Promise<boolean> {
  for (const child of type.children) await deleteChildren(tx, child, organization);
  const { rowCount } = await tx.query(`delete from ${quoteIdentifier(type.table)} where organization = $1`, [
    organization,
  ]);
  return rowCount > 0;
}

/** Ids of the persons whom some references (ids or e-mail addresses) mean. */
export async function findPersons(tx: Tx, refs: readonly string[]): Promise<Map<string, string>> {
  const text = `select id, primary_email from person where id = any ($1) or primary_email = any ($2)`;
  const { rows } = await tx.query<{ id: string; primary_email: string }>(text, [
    refs,
    refs.map((ref) => ref.toLowerCase()),
  ]);
  return new Map(rows.flatMap((row) => [[row.id, row.id] as const, [row.primary_email, row.id] as const]));
}

function insertChildren(
  tx: Tx,
  child: ChildTable,
  organization: string,
  rows: readonly Fields[],
): Promise<unknown> {
  const names = ['organization', ...Object.keys(child.fixed), 'row_index', ...Object.keys(child.fields)];
  const list = names.map(quoteIdentifier).join(', ');
  // One statement whatever the number of rows; the record function gives each column its type.
  const text = `insert into ${quoteIdentifier(child.table)} (${list})
    select ${list} from jsonb_populate_recordset(null::${quoteIdentifier(child.table)}, $1::jsonb)`;
  const records = rows.map((row, index) => ({ ...row, ...child.fixed, organization, row_index: index + 1 }));
  return tx.query(text, [JSON.stringify(records)]);
}

async function readChildren(tx: Tx, child: ChildTable, organization: string): Promise<Fields[]> {
  const fixed = Object.entries(child.fixed);
  const where = fixed.map(([key], index) => ` and ${quoteIdentifier(key)} = $${index + 2}`).join('');
  const text = `select ${Object.keys(child.fields).map(quoteIdentifier).join(', ')} from ${quoteIdentifier(child.table)}
    where organization = $1${where} order by row_index`;
  const values = [organization, ...fixed.map(([, value]) => value)];
  const { rows } = await tx.query<Fields>(text, values, `dartwing_children_${child.key}`);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key,
        key.endsWith('_cents') && typeof value === 'string' ? Number(value) : value,
      ]),
    ),
  );
}

async function deleteChildren(tx: Tx, child: ChildTable, organization: string): Promise<void> {
  const fixed = Object.entries(child.fixed);
  const where = fixed.map(([key], index) => ` and ${quoteIdentifier(key)} = $${index + 2}`).join('');
  await tx.query(`delete from ${quoteIdentifier(child.table)} where organization = $1${where}`, [
    organization,
    ...fixed.map(([, value]) => value),
  ]);
}
