/**
 * One transaction on one connection: BEGIN, the context and the first statement leave in a single flight
 * (pg's pipeline), the rest as the work goes on, and COMMIT is believed only when the server says COMMIT.
 */
import { Kysely, type Compilable, DummyDriver, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type { PoolClient, QueryResultRow } from 'pg';
import type { Clock } from '../clock.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { duplicateConstraint, isAfterFailure, isConnectionFailure, isContention, statementFailure } from './failures.js';
import type { Tables } from './tables.js';

/** Rows of a statement and how many it touched. */
export interface Result<Row> {
  rows: Row[];
  rowCount: number;
}

/** Key that authenticates staged audit entries. */
export interface AuditKey {
  id: number;
  secret: Buffer;
}

/**
 * An open transaction. It carries what every statement needs: the connection, the organization it is bound to,
 * the clock and the key of the audit trail.
 */
export interface Tx {
  /** The organization of this transaction; undefined in a cross-organization one. */
  readonly organization: string | undefined;
  readonly clock: Clock;
  readonly auditKey: AuditKey;
  /**
   * Runs a statement. With `name` the server prepares it once per connection.
   * @throws errors of the catalogue, or the raw server error for 40001, 40P01 and 23505, which callers decide upon.
   */
  query<Row extends QueryResultRow = QueryResultRow>(text: string, values?: readonly unknown[], name?: string): Promise<Result<Row>>;
  /** Runs a composed query of `build`. */
  run<Row>(query: Compilable<Row>): Promise<Row[]>;
  /** Called after COMMIT, in order; never after a rollback. A failure is reported, not thrown. */
  afterCommit(hook: () => void | Promise<void>): void;
  /** Wakes the audit sequencer; staging asks for it after COMMIT. */
  readonly ringAudit: () => void;
}

/**
 * Composes queries and cannot run them: only a transaction can. So there is no way around the tenant context.
 */
export const build = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/** A statement of the transaction's opening, sent together with BEGIN. */
export interface Opening {
  text: string;
  values?: readonly unknown[];
  name?: string;
}

export interface TransactionOptions {
  organization?: string | undefined;
  clock: Clock;
  auditKey: AuditKey;
  ringAudit: () => void;
  /** Sent in the same flight as BEGIN, before the work's first statement. */
  opening: readonly Opening[];
  readOnly?: boolean;
  isolation?: 'repeatable read' | 'serializable';
  /** Do everything, then roll back: a dry run. */
  rollback?: boolean;
  /** Uniform random number in [0, 1), for the pauses between attempts. */
  random: () => number;
  onHookFailure: (error: unknown) => void;
}

/**
 * Runs `work` in a transaction, again after a serialization failure or a deadlock (at most
 * `limits.transactionAttemptsMax` attempts), and once again when the connection broke before COMMIT was sent.
 * @throws DATABASE_BUSY, DATABASE_UNAVAILABLE (outcome unknown), DATABASE_TIMEOUT, or what `work` throws.
 */
export async function runTransaction<T>(
  connect: () => Promise<PoolClient>,
  options: TransactionOptions,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  let reconnected = false;
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptTransaction(connect, options, work);
    if (outcome.done) return outcome.value;
    const { error } = outcome;
    if (isContention(error)) {
      if (attempt >= limits.transactionAttemptsMax) {
        throw new DartwingError('DATABASE_BUSY', { attempts: attempt }, { cause: error, retryAfterMs: 250 });
      }
      await pause(options.random() * Math.min(limits.transactionBackoffMsMax, 8 * 2 ** attempt));
    } else if (!outcome.commitSent && !reconnected && isConnectionFailure(rootCause(error))) {
      reconnected = true;
    } else {
      throw error;
    }
  }
}

type Outcome<T> = { done: true; value: T } | { done: false; error: unknown; commitSent: boolean };

async function attemptTransaction<T>(
  connect: () => Promise<PoolClient>,
  options: TransactionOptions,
  work: (tx: Tx) => Promise<T>,
): Promise<Outcome<T>> {
  const client = await connect();
  const hooks: (() => void | Promise<void>)[] = [];
  let commitSent = false;
  try {
    const opened = open(client, options);
    const value = await work(transactionOn(client, options, hooks));
    await opened;
    commitSent = !options.rollback;
    const end = await client.query(options.rollback ? 'rollback' : 'commit');
    // After a failed statement that `work` swallowed, COMMIT answers ROLLBACK without an error.
    if (commitSent && end.command !== 'COMMIT') {
      client.release();
      return { done: false, error: new DartwingError('INTERNAL', { message: 'the transaction was rolled back at its commit' }), commitSent: false };
    }
    client.release();
    if (commitSent) await runHooks(hooks, options.onHookFailure);
    return { done: true, value };
  } catch (error) {
    await abandon(client, error);
    return { done: false, error: isContention(error) ? error : commitSent ? statementFailure(error) : error, commitSent };
  }
}

function open(client: PoolClient, options: TransactionOptions): Promise<unknown> {
  const mode = `${options.isolation ? ` isolation level ${options.isolation}` : ''}${options.readOnly ? ' read only' : ''}`;
  const sent: Promise<unknown>[] = [client.query(`begin${mode}`)];
  for (const { text, values = [], name } of options.opening) {
    sent.push(client.query(name === undefined ? { text, values: [...values] } : { text, values: [...values], name }));
  }
  const opened = Promise.all(sent);
  // A failing opening also fails the work's first statement; without this the process would see it unhandled.
  opened.catch(() => {});
  return opened;
}

function transactionOn(client: PoolClient, options: TransactionOptions, hooks: (() => void | Promise<void>)[]): Tx {
  let firstFailure: unknown;
  const query: Tx['query'] = async (text, values = [], name) => {
    try {
      const config = name === undefined ? { text, values: [...values] } : { text, values: [...values], name };
      const result = await client.query(config);
      return { rows: result.rows, rowCount: result.rowCount ?? 0 };
    } catch (error) {
      if (isAfterFailure(error) && firstFailure !== undefined) {
        // Statements sent together fail together. The first one tells why, and whoever decides upon it must have
        // done so before its companions are heard.
        await new Promise((resolve) => setImmediate(resolve));
        throw firstFailure;
      }
      // Contention and duplicates are decisions of the caller; everything else is told in our words.
      const mine = isContention(error) || duplicateConstraint(error) !== undefined ? error : statementFailure(error);
      firstFailure ??= mine;
      throw mine;
    }
  };
  return Object.freeze({
    organization: options.organization,
    clock: options.clock,
    auditKey: options.auditKey,
    ringAudit: options.ringAudit,
    query,
    run: async <Row>(composed: Compilable<Row>) => {
      const { sql, parameters } = composed.compile();
      const result = await query(sql, parameters as unknown[]);
      return result.rows as Row[];
    },
    afterCommit: (hook) => {
      hooks.push(hook);
    },
  } satisfies Tx);
}

async function runHooks(hooks: readonly (() => void | Promise<void>)[], onFailure: (error: unknown) => void): Promise<void> {
  for (const hook of hooks) {
    try {
      await hook();
    } catch (error) {
      onFailure(error);
    }
  }
}

/** Gives the connection back clean, or not at all. */
async function abandon(client: PoolClient, error: unknown): Promise<void> {
  if (isConnectionFailure(rootCause(error))) {
    client.release(true);
    return;
  }
  try {
    await client.query('rollback');
    client.release();
  } catch {
    client.release(true);
  }
}

function rootCause(error: unknown): unknown {
  return error instanceof DartwingError && error.cause !== undefined ? error.cause : error;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
