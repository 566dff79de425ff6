/** Statements of the export room. */
import { quoteIdentifier, type Tx } from '../db/index.js';

/** Tables with rows of organizations that the app role may read, in the order of their names. */
export async function listTenantTables(tx: Tx): Promise<string[]> {
  const text = `select c.relname as name from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization' and not a.attisdropped
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and has_table_privilege(c.oid, 'select')
      -- Answers that are kept for a day to be given again, and news on their way, are no data of their own.
      and c.relname not in ('org_idempotency', 'realtime_outbox', 'realtime_presence',
        'document_key', 'document_lookup_key', 'document_lookup')
    order by c.relname`;
  return (await tx.query<{ name: string }>(text)).rows.map((row) => row.name);
}

/** Opens a cursor over the rows of one table that belong to the transaction's organization. */
export async function openRows(tx: Tx, table: string): Promise<void> {
  const column = table === 'organization' ? 'id' : 'organization';
  await tx.query(
    `declare export_rows no scroll cursor for select row_to_json(t) as row from ${quoteIdentifier(table)} t
     where ${column} = nullif(current_setting('dartwing.org', true), '')`,
  );
}

/** The next rows of the cursor, as JSON values. */
export async function fetchRows(tx: Tx, count: number): Promise<Record<string, unknown>[]> {
  const { rows } = await tx.query<{ row: Record<string, unknown> }>(
    `fetch forward ${Math.floor(count)} from export_rows`,
  );
  return rows.map(({ row }) => row);
}

export async function closeRows(tx: Tx): Promise<void> {
  await tx.query('close export_rows');
}
