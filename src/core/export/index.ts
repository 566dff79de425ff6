/**
 * Export: every row that belongs to an organization, as JSON, all from one moment.
 *
 * Reads in one repeatable-read transaction bound to the organization, so row-level security decides what belongs
 * to it, with a cursor, so memory stays flat. Audit entries are part of it; bytes are written in hexadecimal as
 * PostgreSQL does. The audit trail gets one entry `export` with the counts, in the organization's chain.
 */
import type { Scope } from '../access/index.js';
import { authorize, recordAct } from '../access/index.js';
import { DartwingError, nearest } from '../errors.js';
import { closeRows, fetchRows, listTenantTables, openRows } from './queries.js';

/** One row of an export. */
export interface ExportRow {
  /** Name of the table. */
  table: string;
  row: Record<string, unknown>;
}

/** What is exported. */
export interface ExportOptions {
  /** Names of tables; everything unless told. */
  entities?: readonly string[] | undefined;
  /** Whether documents of a doctype hold health information; the trail tells of them by name. */
  isPhi?: ((doctype: string) => boolean) | undefined;
  /** Opens what is sealed in rows of a table. */
  open?: ((table: string, rows: Record<string, unknown>[]) => Promise<Record<string, unknown>[]>) | undefined;
}

const batchRows = 500;

/**
 * Hands every row to `write`, one after another, and returns the counts by table. `write` may be slow: it is
 * waited for.
 * @param scope a scope whose transaction is bound to the organization
 * @throws PERMISSION_DENIED, ORGANIZATION_NOT_FOUND, VALIDATION_ERROR (an unknown entity), what `write` throws, and
 *   DATABASE_*
 */
export async function exportRows(
  scope: Scope,
  write: (row: ExportRow) => Promise<void> | void,
  { entities, isPhi = () => false, open = async (_, rows) => rows }: ExportOptions = {},
): Promise<Record<string, number>> {
  const { tx } = scope;
  authorize(scope, 'export', { doctype: 'Organization', name: tx.organization! });
  const counts: Record<string, number> = {};
  const phiDoctypes = new Set<string>();
  for (const table of chosen(['organization', ...(await listTenantTables(tx))], entities)) {
    counts[table] = 0;
    await openRows(tx, table);
    for (;;) {
      const rows = await open(table, await fetchRows(tx, batchRows));
      for (const row of rows) {
        if (typeof row.doctype === 'string' && isPhi(row.doctype)) phiDoctypes.add(row.doctype);
        await write({ table, row });
      }
      counts[table] += rows.length;
      if (rows.length < batchRows) break;
    }
    await closeRows(tx);
    if (counts.organization === 0)
      throw new DartwingError('ORGANIZATION_NOT_FOUND', { ref: tx.organization! });
  }
  const organization = tx.organization!;
  // As a list: a table named after keys or tokens would be taken for a secret if its name were a member's.
  await recordAct(
    scope,
    organization,
    'export',
    { doctype: 'Organization', name: organization },
    {
      new: {
        rows: Object.entries(counts).map(([table, count]) => ({ table, count })),
        ...(phiDoctypes.size === 0 ? {} : { phi_doctypes: [...phiDoctypes].sort() }),
      },
      isPhi: phiDoctypes.size > 0,
    },
  );
  return counts;
}

function chosen(tables: readonly string[], entities: readonly string[] | undefined): readonly string[] {
  const unknown = entities?.find((name) => !tables.includes(name));
  if (unknown !== undefined) {
    const near = nearest(unknown, tables);
    throw new DartwingError('VALIDATION_ERROR', {
      message: `"${unknown.slice(0, 80)}" is not an entity${near === undefined ? '' : `, did you mean ${near}?`} (${tables.join(', ')})`,
    });
  }
  return entities === undefined ? tables : tables.filter((table) => entities.includes(table));
}
