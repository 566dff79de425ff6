/**
 * What is asked for in one turn of the event loop as one request: with one Sync behind all statements the server answers
 * them together instead of one by one, each answer a packet of its own. As in PostgreSQL itself, a statement that fails
 * lets those behind it in the same request be skipped.
 */
import type { Writable } from 'node:stream';
import pg, { type PoolClient, type QueryResult, type QueryResultRow } from 'pg';

/** A statement for the extended protocol: values, or a name under which the connection prepares it once. */
export interface Statement {
  text: string;
  values: readonly unknown[];
  name?: string | undefined;
}

export type NamedStatement = Statement & { name: string };

/** A text without values, prepared under its own words. */
export function named(text: string): NamedStatement {
  return { text, values: [], name: `dartwing_${text.replaceAll(' ', '_')}` };
}

/** What pg's queries know how to do, and its types do not tell. */
interface PgQuery {
  readonly name: string | undefined;
  readonly text: string;
  submit(connection: PgConnection): Error | null;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: { text: string }, connection: PgConnection): void;
  handleEmptyQuery(connection: PgConnection): void;
  handleCopyInResponse(connection: PgConnection): void;
  handleReadyForQuery(connection: PgConnection): void;
  handleError(error: Error, connection: PgConnection): void;
}

interface PgConnection {
  stream: Pick<Writable, 'cork' | 'uncork'>;
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
  parse(statement: { name: string; text: string }): void;
  bind(portal: {
    statement: string;
    values: readonly unknown[];
    valueMapper: (value: unknown) => unknown;
  }): void;
  execute(portal: object): void;
  sync(): void;
  sendCopyFail(message: string): void;
}

type PgQueryClass = new (config: object) => PgQuery & { _result: { _types: unknown } };
const { Query, utils } = pg as unknown as {
  Query: PgQueryClass;
  utils: { prepareValue: (value: unknown) => unknown };
};

/** In place of a statement that was skipped; as the server says it of those that come later. */
const skipped = () =>
  Object.assign(new Error('an earlier statement of the same request failed'), { code: '25P02' });

/** A prepared statement of whose answer only the command counts: no description is asked for, rows are passed over. */
class Silent implements PgQuery {
  #command = '';
  readonly #statement: NamedStatement;
  readonly #settle: (error: Error | null, command: string) => void;

  constructor(statement: NamedStatement, settle: (error: Error | null, command: string) => void) {
    this.#statement = statement;
    this.#settle = settle;
  }

  get name(): string {
    return this.#statement.name;
  }
  get text(): string {
    return this.#statement.text;
  }

  submit(connection: PgConnection): null {
    const { name, text, values } = this.#statement;
    const { parsedStatements: parsed, submittedNamedStatements: sent } = connection;
    if (parsed[name] === undefined && sent[name] === undefined) {
      connection.parse({ name, text });
      sent[name] = text;
    }
    connection.bind({ statement: name, values, valueMapper: utils.prepareValue });
    connection.execute({});
    return null;
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#command = text;
  }
  handleReadyForQuery(): void {
    this.#settle(null, this.#command);
  }
  handleError(error: Error): void {
    this.#settle(error, '');
  }
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handleCopyInResponse(connection: PgConnection): void {
    connection.sendCopyFail('Nothing is copied here');
  }
}

/** For pg it is one query, which hands each message to the statement whose turn it is. */
class Batch extends Query {
  #at = 0;
  readonly #statements: PgQuery[];

  constructor(statements: PgQuery[]) {
    super({});
    this.#statements = statements;
  }

  /** pg asks for these when a statement was parsed. */
  override get name(): string | undefined {
    return this.#statements[this.#at]?.name;
  }
  override set name(_) {}
  override get text(): string {
    return this.#statements[this.#at]?.text ?? '';
  }
  override set text(_) {}

  override submit(connection: PgConnection): null {
    const open = withoutSync(connection);
    for (const statement of [...this.#statements]) {
      if (statement instanceof Query) statement._result._types = this._result._types;
      const refused = statement.submit(open);
      if (refused === null) continue;
      this.#statements.splice(this.#statements.indexOf(statement), 1);
      process.nextTick(() => statement.handleError(refused, connection));
    }
    connection.sync();
    return null;
  }

  override handleRowDescription(message: unknown): void {
    this.#statements[this.#at]?.handleRowDescription(message);
  }

  override handleDataRow(message: unknown): void {
    this.#statements[this.#at]?.handleDataRow(message);
  }

  override handleCommandComplete(message: { text: string }, connection: PgConnection): void {
    this.#statements[this.#at++]?.handleCommandComplete(message, connection);
  }

  override handleEmptyQuery(connection: PgConnection): void {
    this.#statements[this.#at++]?.handleEmptyQuery(connection);
  }

  override handleCopyInResponse(connection: PgConnection): void {
    this.#statements[this.#at]?.handleCopyInResponse(connection);
  }

  override handleReadyForQuery(connection: PgConnection): void {
    for (const statement of this.#statements.splice(0)) statement.handleReadyForQuery(connection);
  }

  /** The statement whose turn it is has failed, or the connection. */
  override handleError(error: Error, connection: PgConnection): void {
    const isAnswer = error instanceof pg.DatabaseError;
    for (const [index, statement] of this.#statements.splice(0).entries()) {
      if (index < this.#at) statement.handleReadyForQuery(connection);
      else if (index === this.#at) statement.handleError(error, connection);
      else {
        // Not parsed either, whatever was sent.
        if (statement.name !== undefined) delete connection.submittedNamedStatements[statement.name];
        statement.handleError(isAnswer ? skipped() : error, connection);
      }
    }
  }
}

const open = new WeakMap<PgConnection, PgConnection>();

/** Everything of a connection but the end of a request. */
function withoutSync(connection: PgConnection): PgConnection {
  let without = open.get(connection);
  if (without === undefined) {
    without = Object.create(connection, { sync: { value: () => {} } }) as PgConnection;
    open.set(connection, without);
  }
  return without;
}

const gathering = new WeakMap<PoolClient, PgQuery[]>();
const held = new WeakSet<PoolClient>();

/** Asks for a statement together with everything else of this turn. */
export function askTogether<Row extends QueryResultRow>(
  client: PoolClient,
  { text, values, name }: Statement,
): Promise<QueryResult<Row>> {
  return new Promise((resolve, reject) => {
    gather(
      client,
      new Query({
        text,
        name,
        // Here, so that a value without a text fails before anything of its batch is sent.
        values: values.map(utils.prepareValue),
        queryMode: 'extended',
        callback: (error: Error | null, result: QueryResult<Row>) =>
          error ? reject(error) : resolve(result),
      }),
    );
  });
}

/** Asks for statements whose rows nobody wants, together with everything else of this turn. Resolves with the last command. */
export function tellTogether(client: PoolClient, statements: readonly NamedStatement[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const last = statements.at(-1);
    for (const statement of statements)
      gather(
        client,
        new Silent(statement, (error, command) => {
          if (error) reject(error);
          else if (statement === last) resolve(command);
        }),
      );
  });
}

/** Asks for a text of the simple protocol, behind what was asked for before. */
export function askAlone(client: PoolClient, text: string): Promise<QueryResult> {
  holdWrites(client);
  sendGathered(client);
  return client.query(text);
}

function gather(client: PoolClient, query: PgQuery): void {
  holdWrites(client);
  const batch = gathering.get(client);
  if (batch === undefined) gathering.set(client, [query]);
  else batch.push(query);
}

function sendGathered(client: PoolClient): void {
  const statements = gathering.get(client);
  if (statements === undefined) return;
  gathering.delete(client);
  const [only] = statements;
  const isPgs = statements.length === 1 && only instanceof Query;
  client.query((isPgs ? only : new Batch(statements)) as unknown as pg.QueryConfig);
}

/**
 * Sends what is asked for in one turn of the event loop as one packet: BEGIN, the context and the first statement
 * otherwise leave in three, each of which wakes the server.
 */
function holdWrites(client: PoolClient): void {
  if (held.has(client)) return;
  held.add(client);
  const { stream } = (client as unknown as { connection: PgConnection }).connection;
  stream.cork();
  process.nextTick(() => {
    held.delete(client);
    sendGathered(client);
    stream.uncork();
  });
}
