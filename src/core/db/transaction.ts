/**
 * One transaction on one connection: BEGIN, the context and the first statement leave in a single flight
 * (pg's pipeline), the rest as the work goes on, and COMMIT is believed only when the server says COMMIT.
 */
import {
  type Compilable,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { Clock } from '../clock.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { askAlone, askTogether, type NamedStatement, named, tellTogether } from './batch.js';
import {
  duplicateConstraint,
  isAfterFailure,
  isConnectionFailure,
  isContention,
  isStaleSession,
  statementFailure,
} from './failures.js';
import { cleaningOf, leaveClean } from './leftovers.js';
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
  query<Row extends QueryResultRow = QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<Result<Row>>;
  /**
   * Runs the last statement: the end of the transaction leaves right behind it, in the same flight. Nothing may be asked
   * afterwards, and what the statement answers can change nothing any more.
   */
  finish<Row extends QueryResultRow = QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<Result<Row>>;
  /**
   * Sends a statement whose answer nobody waits for; it costs no round trip. What follows is carried out after it, and a
   * failure of it fails the transaction at its end.
   */
  send(text: string, values?: readonly unknown[], name?: string): void;
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

/** A statement of the transaction's opening, sent together with BEGIN; its rows are passed over. */
export type Opening = NamedStatement;

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
  /** Every statement is one of ours, and none outlives its transaction: the next borrower finds nothing to clean up. */
  leavesNothing?: boolean;
  /** Uniform random number in [0, 1), for the pauses between attempts. */
  random: () => number;
  onHookFailure: (error: unknown) => void;
  /** Called before COMMIT is sent. What it throws rolls back. */
  beforeCommit?: (() => void) | undefined;
  /** Told about every transaction once it has ended, whatever its outcome. */
  onEnd?: ((course: TransactionCourse) => void) | undefined;
}

/** How a transaction went, for a debug log: no text, no value of a statement. */
export interface TransactionCourse {
  organization: string | undefined;
  /** 1 unless contention or a lost connection made it run again. */
  attempts: number;
  /** Statements of the work, of all attempts. */
  statements: number;
  ms: number;
  outcome: 'committed' | 'rolled back' | 'failed';
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
  const { onEnd, clock, organization } = options;
  if (onEnd === undefined) return repeatTransaction(connect, options, work);
  const startedAt = clock.monotonicMs();
  const counts = { attempts: 0, statements: 0 };
  let outcome: TransactionCourse['outcome'] = 'failed';
  try {
    const onStatement = () => void counts.statements++;
    const value = await repeatTransaction(connect, { ...options, onStatement }, (tx) => {
      counts.attempts++;
      return work(tx);
    });
    outcome = options.rollback ? 'rolled back' : 'committed';
    return value;
  } finally {
    onEnd({ organization, ...counts, ms: Math.round(clock.monotonicMs() - startedAt), outcome });
  }
}

/** What one attempt is given: `onStatement` where somebody counts. */
type AttemptOptions = TransactionOptions & { onStatement?: () => void };

async function repeatTransaction<T>(
  connect: () => Promise<PoolClient>,
  options: AttemptOptions,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  let reconnected = false;
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptTransaction(connect, options, work);
    if (outcome.done) return outcome.value;
    const { error, again } = outcome;
    if (again === 'contention') {
      if (attempt >= limits.transactionAttemptsMax) {
        throw new DartwingError('DATABASE_BUSY', { attempts: attempt }, { cause: error, retryAfterMs: 250 });
      }
      await pause(options.random() * Math.min(limits.transactionBackoffMsMax, 8 * 2 ** attempt));
    } else if (again === 'reconnect' && !reconnected) {
      reconnected = true;
    } else {
      throw error;
    }
  }
}

type Outcome<T> =
  | { done: true; value: T }
  | { done: false; error: unknown; again?: 'contention' | 'reconnect' | undefined };

/** What is known of the connection and the statements of one attempt. */
interface Course {
  /** Why the connection is of no more use. Only the connection itself and our own statements tell. */
  lost: unknown;
  /** The errors of this attempt's statements in order, as they were thrown. */
  failures: unknown[];
  /** Why the transaction never began: what is asked for now would run outside of one. */
  unopened?: unknown;
  /** The end is on the way: whoever still holds the `Tx` comes too late. */
  ended: boolean;
  /** COMMIT or ROLLBACK, when it left with the last statement. */
  end?: Promise<string>;
  /** What nobody waited for: the error of each, if it failed. */
  sent: Promise<{ error: unknown } | undefined>[];
}

async function attemptTransaction<T>(
  connect: () => Promise<PoolClient>,
  options: AttemptOptions,
  work: (tx: Tx) => Promise<T>,
): Promise<Outcome<T>> {
  const client = await connect();
  const course: Course = { lost: undefined, failures: [], ended: false, sent: [] };
  const hooks: (() => void | Promise<void>)[] = [];
  // The pool listens to idle connections only: a connection that dies while `work` waits for something else
  // would otherwise end the process.
  const onLoss = (error: Error) => {
    course.lost ??= error;
  };
  client.on('error', onLoss);
  let commitSent = false;
  let value: T;
  try {
    const opened = open(client, options, course);
    value = await work(transactionOn(client, options, hooks, course));
    await opened;
    if (course.lost !== undefined && course.end === undefined) throw course.lost;
    course.ended = true;
    if (course.end === undefined) permitCommit(options);
    commitSent = !options.rollback;
    const end = await (course.end ?? askAlone(client, endOf(options)).then(({ command }) => command));
    // The server answers in order, so these have been answered. After a failure COMMIT has rolled back.
    const failure = (await Promise.all(course.sent)).find((each) => each !== undefined);
    if (failure !== undefined) {
      commitSent = false;
      throw failure.error;
    }
    // After a failed statement that `work` swallowed, COMMIT answers ROLLBACK without an error.
    if (commitSent && end !== 'COMMIT') {
      commitSent = false;
      const cause = course.failures.at(-1);
      throw isContention(cause)
        ? cause
        : new DartwingError(
            'INTERNAL',
            { message: 'the transaction was rolled back at its commit' },
            { cause },
          );
    }
  } catch (thrown) {
    course.ended = true;
    const error = commitSent ? heard(course, thrown) : thrown;
    commitSent ||= course.end !== undefined && !options.rollback;
    await abandon(client, course);
    return failed(course, error, commitSent);
  } finally {
    client.off('error', onLoss);
  }
  if (options.leavesNothing) leaveClean(client);
  client.release();
  if (commitSent) await runHooks(hooks, options.onHookFailure);
  return { done: true, value };
}

/** Takes note of a server error and returns it as it is thrown: contention and duplicates are decisions of the caller. */
function heard(course: Course, error: unknown): unknown {
  if (isConnectionFailure(error) || isStaleSession(error)) course.lost ??= error;
  const mine =
    isContention(error) || duplicateConstraint(error) !== undefined
      ? error
      : statementFailure(course.lost ?? error);
  course.failures.push(mine);
  return mine;
}

/** Decides by what our own statements said: errors of the work's own business may look alike and count for nothing. */
function failed(course: Course, error: unknown, commitSent: boolean): Outcome<never> {
  const ours = course.failures.includes(error);
  if (ours && isContention(error)) return { done: false, error, again: 'contention' };
  const raw = error === course.lost || (ours && duplicateConstraint(error) !== undefined);
  // The server refused a statement that COMMIT left with, so COMMIT has changed nothing.
  const refused = course.end !== undefined && isStaleSession(course.lost);
  const curable = isConnectionFailure(course.lost) || isStaleSession(course.lost);
  const again = curable && (refused || !commitSent) ? 'reconnect' : undefined;
  return { done: false, error: raw ? statementFailure(error) : error, again };
}

function endOf({ rollback }: TransactionOptions): 'commit' | 'rollback' {
  return rollback ? 'rollback' : 'commit';
}

function permitCommit({ rollback, beforeCommit }: TransactionOptions): void {
  if (!rollback) beforeCommit?.();
}

function open(client: PoolClient, options: TransactionOptions, course: Course): Promise<unknown> {
  const mode = `${options.isolation ? ` isolation level ${options.isolation}` : ''}${options.readOnly ? ' read only' : ''}`;
  const beginning = [named(`begin${mode}`), ...cleaningOf(client)];
  const opened = tellTogether(client, [...beginning, ...options.opening]).catch((error: unknown) => {
    course.unopened = heard(course, error);
    throw course.unopened;
  });
  // A failing opening also fails the work's first statement; without this the process would see it unhandled.
  opened.catch(() => {});
  return opened;
}

/** A text without values may be several statements, which only the simple protocol takes. */
function ask(
  client: PoolClient,
  text: string,
  values: readonly unknown[],
  name: string | undefined,
): Promise<QueryResult> {
  if (name === undefined && values.length === 0) return askAlone(client, text);
  return askTogether(client, { text, values, name });
}

function transactionOn(
  client: PoolClient,
  options: AttemptOptions,
  hooks: (() => void | Promise<void>)[],
  course: Course,
): Tx {
  const query: Tx['query'] = async (text, values = [], name) => {
    // The connection may serve another organization by now.
    if (course.ended)
      throw new DartwingError('INTERNAL', { message: 'a statement came after the end of its transaction' });
    if (course.unopened !== undefined) throw course.unopened;
    options.onStatement?.();
    try {
      const result = await ask(client, text, values, name);
      return { rows: result.rows, rowCount: result.rowCount ?? 0 };
    } catch (error) {
      if (isAfterFailure(error)) {
        // Statements sent together fail together. The first one tells why, and whoever decides upon it must have
        // done so before its companions are heard.
        await new Promise((resolve) => setImmediate(resolve));
        if (course.failures.length > 0) throw course.failures.at(-1);
      }
      throw heard(course, error);
    }
  };
  return Object.freeze({
    organization: options.organization,
    clock: options.clock,
    auditKey: options.auditKey,
    ringAudit: options.ringAudit,
    query,
    finish: async (text, values, name) => {
      if (!course.ended) permitCommit(options);
      const answer = query(text, values, name);
      if (!course.ended) {
        course.ended = true;
        course.end = tellTogether(client, [named(endOf(options))]);
        // Awaited when the work is done; until then nobody hears it.
        course.end.catch(() => {});
      }
      return answer as Promise<Result<never>>;
    },
    send: (text, values, name) => {
      course.sent.push(
        query(text, values, name).then(
          () => undefined,
          (error: unknown) => ({ error }),
        ),
      );
    },
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

async function runHooks(
  hooks: readonly (() => void | Promise<void>)[],
  onFailure: (error: unknown) => void,
): Promise<void> {
  for (const hook of hooks) {
    try {
      await hook();
    } catch (error) {
      onFailure(error);
    }
  }
}

/** Gives the connection back clean, or not at all. */
async function abandon(client: PoolClient, course: Course): Promise<void> {
  if (course.lost !== undefined) {
    client.release(true);
    return;
  }
  try {
    await askAlone(client, 'rollback');
    client.release();
  } catch {
    client.release(true);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
