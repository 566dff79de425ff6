/** The two pools of an installation and the only ways to its data: asOrg, asPerson, asSystem. */
import pg, { type QueryResultRow } from 'pg';
import type { Clock } from '../clock.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { NamedStatement } from './batch.js';
import { connectAlone } from './connection.js';
import { connectFailure } from './failures.js';
import { askAtOnce, type Lookup, lookupStatement, statementOfItsOwn } from './lookup.js';
import { type RoleNames, type RolePasswords, roleNames } from './roles.js';
import { type ContextKey, contextSeals } from './seal.js';
import {
  type AuditKey,
  type Opening,
  runTransaction,
  type TransactionCourse,
  type Tx,
} from './transaction.js';

export interface DatabaseOptions {
  /** Address of the database; its user and password are those of the migrating role and are not used at run time. */
  url: string;
  /** Addresses of the runtime logins, for installations whose roles are managed elsewhere. */
  appUrl?: string | undefined;
  systemUrl?: string | undefined;
  schema: string;
  rolePrefix: string;
  passwords: RolePasswords;
  auditKey: AuditKey;
  /** Seals the context of transactions. */
  contextKey: ContextKey;
  /** Called after the COMMIT of a transaction that staged audit entries. */
  ringAudit: () => void;
  clock: Clock;
  random: () => number;
  /** Told about failures that no caller waits for: idle connections, after-commit hooks. */
  onFailure: (error: unknown) => void;
  /** Called before each COMMIT. What it throws rolls back. */
  beforeCommit?: (() => void) | undefined;
  /** Told about every transaction once it has ended. */
  onTransaction?: ((course: TransactionCourse) => void) | undefined;
  poolConnectionsMax?: number | undefined;
  statementMs?: number | undefined;
  lockMs?: number | undefined;
  applicationName?: string | undefined;
}

export interface WorkOptions {
  readOnly?: boolean;
  isolation?: 'repeatable read' | 'serializable';
  /** Do everything, then roll back. */
  dryRun?: boolean;
  /** The work's statements are all ours, and none outlives its transaction: nobody else is given the `Tx`. */
  leavesNothing?: boolean;
}

/** One pool at this moment. */
export interface PoolFacts {
  name: 'app' | 'system';
  /** Connections that it may have. */
  size: number;
  active: number;
  idle: number;
  /** Calls that wait for one. */
  waiting: number;
}

export interface Database {
  readonly schema: string;
  readonly roles: RoleNames;
  /** Runs `work` bound to one organization: other organizations' rows do not exist for it. */
  asOrg<T>(organization: string, work: (tx: Tx) => Promise<T>, options?: WorkOptions): Promise<T>;
  /** Reads across the organizations in which the person is an active member. Writes are refused. */
  asPerson<T>(person: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** For operators and schedulers: every organization. `record` writes its audit entry, in the same transaction. */
  asSystem<T>(
    record: (tx: Tx) => Promise<unknown>,
    work: (tx: Tx) => Promise<T>,
    options?: WorkOptions,
  ): Promise<T>;
  /**
   * For the machinery itself (sequencer, self-test): the system login without an audit entry per run. Not exported
   * from the package.
   */
  asMachinery<T>(work: (tx: Tx) => Promise<T>, opening?: readonly Opening[]): Promise<T>;
  /** One reading statement of the machinery, without a transaction around it where the connection allows it. */
  askMachinery<Row extends QueryResultRow>(statement: NamedStatement): Promise<Row[]>;
  /**
   * Reads rows of one organization by their key. As `asOrg`, in one statement where the connection allows it. Not exported
   * from the package: nobody but us names the columns.
   */
  lookUp<Row extends QueryResultRow>(organization: string, lookup: Lookup): Promise<Row[]>;
  /** How the pools stand. */
  pools(): PoolFacts[];
  /** A connection of its own for LISTEN, on the system login. The caller ends it. */
  listener(): Promise<pg.Client>;
  close(): Promise<void>;
}

const contextStatement: Omit<Opening, 'values'> = {
  text: "select set_config('dartwing.org', $1, true), set_config('dartwing.seal', $2, true)",
  name: 'dartwing_context_org',
};
const personStatement: Omit<Opening, 'values'> = {
  // The inner one first: the directory asks for the person, and for the seal of it.
  text: `select set_config('dartwing.orgs', person_organizations(set_config('dartwing.person', $1, true), $2), true)
    from (select set_config('dartwing.seal', $3, true)) as sealed (seal) where sealed.seal is not null`,
  name: 'dartwing_context_person',
};

/** Opens nothing yet: connections are made when they are first needed. */
export function openDatabase(options: DatabaseOptions): Database {
  const roles = roleNames(options.rolePrefix);
  const app = makePool(options, options.appUrl ?? loginUrl(options.url, roles.app, options.passwords.app));
  const system = makePool(
    options,
    options.systemUrl ?? loginUrl(options.url, roles.system, options.passwords.system),
  );
  const seal = contextSeals(options.contextKey);
  const shared = {
    clock: options.clock,
    auditKey: options.auditKey,
    ringAudit: options.ringAudit,
    random: options.random,
    onHookFailure: options.onFailure,
    beforeCommit: options.beforeCommit,
    onEnd: options.onTransaction,
  };
  const askOne = async <Row extends QueryResultRow>(
    pool: Pick<typeof app, 'connect'>,
    statement: NamedStatement,
    organization?: string,
  ): Promise<Row[] | undefined> => {
    const startedAt = options.clock.monotonicMs();
    const found = await askAtOnce<Row>(await pool.connect(), statement);
    const ms = Math.round(options.clock.monotonicMs() - startedAt);
    if (found !== undefined)
      shared.onEnd?.({ organization, attempts: 1, statements: 1, ms, outcome: 'committed' });
    return found;
  };
  const database: Database = Object.freeze({
    schema: options.schema,
    roles,
    asOrg: (organization, work, { dryRun, ...mode } = {}) => {
      if (organization === '') return Promise.reject(new DartwingError('ORGANIZATION_REQUIRED'));
      const opening = [
        {
          ...contextStatement,
          values: [organization, seal({ organization }, options.clock.now())],
        },
      ];
      return runTransaction(
        app.connect,
        { ...shared, ...mode, organization, opening, rollback: dryRun ?? false },
        work,
      );
    },
    lookUp: async <Row extends QueryResultRow>(organization: string, lookup: Lookup) => {
      if (organization === '') throw new DartwingError('ORGANIZATION_REQUIRED');
      const context = { organization, seal: seal({ organization }, options.clock.now()) };
      const found = await askOne<Row>(app, statementOfItsOwn(lookup, context), organization);
      if (found !== undefined && found.length > 0) return found;
      const { text, values, name } = lookupStatement(lookup, organization);
      const work = async (tx: Tx) => (await tx.finish<Row>(text, values, name)).rows;
      return database.asOrg(organization, work, { leavesNothing: true });
    },
    asPerson: (person, work) => {
      const now = options.clock.now();
      const opening = [
        { ...personStatement, values: [person, now, seal({ person }, now)] },
        { text: `set local role "${roles.reader}"`, values: [], name: 'dartwing_reader' },
      ];
      return runTransaction(app.connect, { ...shared, opening, readOnly: true }, work);
    },
    asSystem: (record, work, { dryRun, ...mode } = {}) => {
      return runTransaction(
        system.connect,
        { ...shared, ...mode, opening: [], rollback: dryRun ?? false },
        async (tx) => {
          // Not awaited before the work: it rides in the same flight as BEGIN and the work's first statement.
          const recorded = record(tx);
          recorded.catch(() => {});
          const value = await work(tx);
          await recorded;
          return value;
        },
      );
    },
    asMachinery: (work, opening = []) =>
      runTransaction(system.connect, { ...shared, opening, leavesNothing: true }, work),
    askMachinery: async <Row extends QueryResultRow>(statement: NamedStatement) => {
      const found = await askOne<Row>(system, statement);
      if (found !== undefined) return found;
      const { text, values, name } = statement;
      return database.asMachinery(async (tx) => (await tx.finish<Row>(text, values, name)).rows);
    },
    pools: () => [
      { name: 'app', ...app.facts() },
      { name: 'system', ...system.facts() },
    ],
    listener: () => {
      const settings = { ...system.settings, pipeline: false, application_name: 'dartwing-listen' };
      return connectAlone(settings as pg.ClientConfig, system, options.onFailure);
    },
    close: async () => {
      await Promise.all([app.end(), system.end()]);
    },
  } satisfies Database);
  return database;
}

function makePool(options: DatabaseOptions, url: string) {
  const settings = connectionSettings(url, options);
  const size = options.poolConnectionsMax ?? limits.poolConnectionsMax;
  const pool = new pg.Pool({
    ...settings,
    max: size,
    idleTimeoutMillis: limits.poolIdleMs,
  });
  pool.on('error', options.onFailure);
  // A client that is checked out and loses its server between two statements says so to itself; unheard, the
  // process would end. The next statement of its transaction fails and tells the caller.
  pool.on('connect', (client) => client.on('error', options.onFailure));
  const target = describeTarget(url);
  const role = new URL(url).username;
  return {
    settings,
    target,
    role,
    connect: () =>
      pool.connect().catch((error: unknown) => {
        throw connectFailure(error, target, role);
      }),
    facts: () => {
      const { totalCount, idleCount: idle, waitingCount: waiting } = pool;
      return { size, active: totalCount - idle, idle, waiting };
    },
    end: () => pool.end(),
  };
}

/** Settings of every runtime connection: limits and search path are fixed when it starts. */
function connectionSettings(url: string, options: DatabaseOptions): pg.PoolConfig & { pipeline: boolean } {
  const parameters = [
    // Named last, or PostgreSQL would look for tables among a session's temporary ones first.
    `search_path=${options.schema},pg_temp`,
    `statement_timeout=${options.statementMs ?? limits.statementMs}`,
    `lock_timeout=${options.lockMs ?? limits.lockMs}`,
    `idle_in_transaction_session_timeout=${limits.idleInTransactionMs}`,
    'row_security=on',
    // Compiling a statement costs more than any of ours takes, and the first ones of a connection would pay it.
    'jit=off',
  ];
  return {
    connectionString: url,
    pipeline: true,
    keepAlive: true,
    types: { getTypeParser: parserOf },
    connectionTimeoutMillis: limits.connectMs,
    application_name: options.applicationName ?? 'dartwing',
    options: parameters.map((parameter) => `-c ${parameter}`).join(' '),
  };
}

/** A date stays the text it is: as a JavaScript Date it would move with the time zone of the process. */
function parserOf(oid: number, format?: 'text' | 'binary') {
  return oid === pg.types.builtins.DATE ? (text: string) => text : pg.types.getTypeParser(oid, format);
}

function loginUrl(url: string, role: string, password: string): string {
  const login = new URL(url);
  login.username = role;
  login.password = password;
  return login.href;
}

/** Host, port and database of an address, without user and password. */
export function describeTarget(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname || 'local socket'}:${port || 5432}${pathname}`;
}
