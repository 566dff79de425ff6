/**
 * Reads in one statement, in the transaction that every statement is. One by key, of one organization, sets the context and
 * reads under it: a lateral subquery is carried out behind what it refers to, so the context is there when policies ask for
 * it. Would it not be, no row could be seen: what finds nothing is asked again in an ordinary transaction.
 */
import type { PoolClient, QueryResultRow } from 'pg';
import { askTogether, type NamedStatement } from './batch.js';
import { isConnectionFailure, isStaleSession, statementFailure } from './failures.js';
import { isClean } from './leftovers.js';

/** What is read. All names are ours; what callers say is among the values of the key. */
export interface Lookup {
  /** Under which each connection prepares the statement. */
  name: string;
  columns: string;
  /** A tenant table. */
  table: string;
  /** Columns of the key after the organization, and their values. */
  key: Readonly<Record<string, unknown>>;
}

/** The read, in a transaction that has its context. */
export function lookupStatement({ name, columns, table, key }: Lookup, organization: string): NamedStatement {
  const text = `select ${columns} from ${table} where organization = $1 and ${predicate(key, 2)}`;
  return { name, text, values: [organization, ...Object.values(key)] };
}

/** The read that brings its context along. */
export function statementOfItsOwn(
  { name, columns, table, key }: Lookup,
  { organization, seal }: { organization: string; seal: string },
): NamedStatement {
  const text = `select found.* from (
      select set_config('dartwing.org', $1, true) as organization, set_config('dartwing.seal', $2, true) as seal
    ) as context
    cross join lateral (
      select ${columns} from ${table}
      where context.organization is not null and organization = $1 and ${predicate(key, 3)} offset 0
    ) as found`;
  return { name: `${name}_alone`, text, values: [organization, seal, ...Object.values(key)] };
}

function predicate(key: Lookup['key'], first: number): string {
  return Object.keys(key)
    .map((column, index) => `${column} = $${first + index}`)
    .join(' and ');
}

/**
 * Asks on a connection, and gives it back.
 * @returns undefined where somebody may have left something on the connection, where it was lost, or where it does not know
 *   the statement any more
 * @throws errors of the catalogue
 */
export async function askAtOnce<Row extends QueryResultRow>(
  client: PoolClient,
  statement: NamedStatement,
): Promise<Row[] | undefined> {
  if (!isClean(client)) {
    client.release();
    return undefined;
  }
  try {
    const { rows } = await askTogether<Row>(client, statement);
    client.release();
    return rows;
  } catch (error) {
    const isOver = isConnectionFailure(error) || isStaleSession(error);
    client.release(isOver);
    if (isOver) return undefined;
    throw statementFailure(error);
  }
}
