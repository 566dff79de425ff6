/** Whether the indexes are there that lists and rights need. */
import type { Tx } from '../db/index.js';
import { recordSources, rightsIndexes } from './sources.js';

export interface MissingIndex {
  table: string;
  columns: readonly string[];
}

/** Declared indexes that no valid index of the database begins with. Tables that do not exist yet are left out. */
export async function missingIndexes(tx: Tx): Promise<MissingIndex[]> {
  const declared: MissingIndex[] = [
    ...[...recordSources.values()].flatMap(({ table, indexes }) =>
      indexes.map((columns) => ({ table, columns })),
    ),
    ...rightsIndexes,
  ];
  const text = `select c.relname as table, i.indkey, array(
      select a.attname::text from unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum order by k.place) as columns
    from pg_class c left join pg_index i on i.indrelid = c.oid and i.indisvalid
    where c.relnamespace = current_schema()::regnamespace and c.relname = any ($1)`;
  const tables = [...new Set(declared.map(({ table }) => table))];
  const { rows } = await tx.query<{ table: string; columns: string[] }>(text, [tables]);
  const present = new Set(rows.map(({ table }) => table));
  return declared.filter(
    ({ table, columns }) =>
      present.has(table) &&
      !rows.some(
        (row) => row.table === table && columns.every((column, place) => row.columns[place] === column),
      ),
  );
}
