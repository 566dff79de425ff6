/**
 * What this room needs from the database, and no more. The transaction of `db/` satisfies these shapes, and so
 * does any test double or embedding application.
 */
import type { QueryResultRow } from 'pg';
import type { Clock } from '../clock.js';

/** Runs one parameterised statement; with `name` the server prepares it once per connection. */
export interface Queryable {
  query<Row extends QueryResultRow = QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<{ rows: Row[]; rowCount: number }>;
}

/** Secret (at least 32 bytes) that authenticates staged entries until they are sequenced, and its number. */
export interface AuditKey {
  readonly id: number;
  readonly secret: Buffer;
}

/** An open transaction that may stage audit entries. */
export interface AuditTransaction extends Queryable {
  /** Organization the transaction is bound to; undefined in a cross-organization one. */
  readonly organization: string | undefined;
  readonly clock: Clock;
  readonly auditKey: AuditKey;
  /** Sends a statement without waiting; the transaction fails when it does. Absent where there is no such way. */
  send?(text: string, values?: readonly unknown[], name?: string): void;
  /** Runs the last statement; COMMIT leaves right behind it. Absent where there is no such way. */
  finish?: Queryable['query'];
  afterCommit(hook: () => void | Promise<void>): void;
  /** Wakes the sequencer. Absent where none runs nearby; it then finds the entry when it next polls. */
  readonly ringAudit?: () => void;
}

/** Opens transactions that see every organization: the system login, without row-level security in its way. */
export interface AuditDatabase<Tx extends Queryable = Queryable> {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}
