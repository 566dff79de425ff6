import { statSync } from 'node:fs';
import { Socket } from 'node:net';
import pg from 'pg';
import { limits } from '../../limits.js';
import { pauses } from './pauses.js';

/** What a server says of itself. */
interface ServerFacts {
  /** Its data directory, as it was given at its start. */
  directory: string;
  /** For example `18.4`. */
  version: string;
  /** Whether the database `dartwing` exists. */
  complete: boolean;
}

/** One small connection that shows other processes that the server is in use. Never keeps this process alive. */
export interface Hold {
  facts: ServerFacts;
  /** Ends the connection; from then on nobody counts it. May be called again; never throws. */
  release(): Promise<void>;
}

interface Connection {
  client: pg.Client;
  socket: Socket;
}

const inUse = 'dartwing-hold';
const passing = 'dartwing-passing';

/**
 * Takes hold of the server behind `url` and creates the database `dartwing` if it is missing. Should the server
 * restart, the hold is taken again in the background.
 */
export async function holdServer(url: string): Promise<Hold> {
  let connection = await connect(url, inUse);
  let released: Promise<void> | undefined;

  const watch = (): void => {
    connection.socket.unref();
    connection.client.once('end', () => {
      if (released === undefined) void rejoin();
    });
  };
  const rejoin = async (): Promise<void> => {
    for await (const _ of pauses(limits.embeddedRejoinMs, { firstMs: 100, longestMs: 1000, unref: true })) {
      if (released !== undefined) return;
      try {
        const next = await connect(url, inUse);
        if (released !== undefined) return await end(next);
        connection = next;
        return watch();
      } catch {
        // Not there yet. Whoever needs the server meets the error on a connection of their own.
      }
    }
  };

  const facts = await readFacts(connection.client);
  if (!facts.complete) await connection.client.query('create database dartwing');
  watch();
  return {
    facts,
    release: () => {
      released ??= end(connection);
      return released;
    },
  };
}

/** What the server behind `url` says of itself, through a short connection. */
export function askServer(url: string): Promise<ServerFacts> {
  return passBy(url, readFacts);
}

/** Whether nobody is connected to the server behind `url`, or holds it. Release your own hold first. */
export function isUnused(url: string): Promise<boolean> {
  return passBy(url, async (client) => {
    for await (const _ of pauses(limits.embeddedLingerMs)) {
      const { rows } = await client.query<{ name: string }>(
        `select application_name as name from pg_stat_activity
          where backend_type = 'client backend' and pid <> pg_backend_pid() and application_name <> $1`,
        [passing],
      );
      if (rows.length === 0) return true;
      if (rows.some((row) => row.name === inUse)) return false;
      // What remains may be connections that were closed a moment ago.
    }
    return false;
  });
}

/** Administrator's address of the database `dartwing` on this machine. */
export function addressOf(port: number, password: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/dartwing`;
}

/** Whether a server works on the cluster in `directory`, however each spells the path. */
export function serves(facts: ServerFacts, directory: string): boolean {
  const served = statSync(facts.directory, { throwIfNoEntry: false });
  const wanted = statSync(directory);
  return served?.dev === wanted.dev && served.ino === wanted.ino;
}

async function passBy<T>(url: string, ask: (client: pg.Client) => Promise<T>): Promise<T> {
  const connection = await connect(url, passing);
  try {
    return await ask(connection.client);
  } finally {
    await end(connection);
  }
}

async function connect(url: string, name: string): Promise<Connection> {
  const socket = new Socket();
  // The database `postgres`: a connection to `dartwing` would keep it from being dropped or used as a template.
  const client = new pg.Client({
    connectionString: url.replace(/\/dartwing$/, '/postgres'),
    application_name: name,
    connectionTimeoutMillis: limits.connectMs,
    ssl: false,
    stream: () => socket,
  });
  // An end of the server is no fault of this process; without a listener it would be one.
  client.on('error', () => {});
  await client.connect();
  return { client, socket };
}

async function end({ client, socket }: Connection): Promise<void> {
  socket.ref();
  // The backend outlives its connection for a moment and must not be taken for a holder then.
  await client.query(`set application_name = '${passing}'`).catch(() => {});
  await client.end().catch(() => {});
}

async function readFacts(client: pg.Client): Promise<ServerFacts> {
  const { rows } = await client.query<ServerFacts>(`
    select current_setting('data_directory') as directory,
           current_setting('server_version') as version,
           exists (select from pg_database where datname = 'dartwing') as complete`);
  return rows[0]!;
}
