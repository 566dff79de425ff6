/**
 * A database of its own for a test file: cloned from the migrated template, dropped at the end, kept and named when
 * a test failed.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { createDartwing, type Dartwing, type DartwingOptions, fakeClock } from '../../src/core/index.js';
import { atEnd, fileFailed } from './ending.js';
import { addressOf, masterKey, templateName } from './server.js';

export interface TestDatabase {
  /** Administrator's address. */
  url: string;
  name: string;
  /** A superuser connection, for looking behind and for sabotage. */
  admin: pg.Client;
}

/** Clones the template for the calling test file. Use it at the top of a file or in `beforeAll`. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const serverUrl = inject('serverUrl');
  const name = `dartwing_test_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `create database ${name}${options.empty ? '' : ` template ${templateName}`}`);
  const url = addressOf(serverUrl, name);
  const admin = new pg.Client({ connectionString: url, options: '-c search_path=dartwing,public' });
  admin.on('error', () => {});
  await admin.connect();
  atEnd(async () => {
    await admin.end().catch(() => {});
    if (fileFailed()) process.stderr.write(`kept for inspection: database ${name}\n`);
    else await onServer(serverUrl, `drop database if exists ${name} with (force)`);
  });
  return { url, name, admin };
}

/** Options that open dartwing on a test database. */
export function testOptions(database: TestDatabase, more: Partial<DartwingOptions> = {}): DartwingOptions {
  return { url: database.url, masterKey, background: false, ...more };
}

/**
 * A test database with dartwing open on it, closed at the end of the file.
 * @param start where its clock begins: today, as the database and other processes of a test have it, unless a test is about
 *   days and has no others
 */
export async function openTestDartwing(
  more: Partial<DartwingOptions> = {},
  start = `${new Date().toISOString().slice(0, 10)}T10:00:00.000Z`,
): Promise<{
  database: TestDatabase;
  dartwing: Dartwing;
  clock: ReturnType<typeof fakeClock>;
}> {
  const database = await createTestDatabase();
  const clock = fakeClock(start);
  const dartwing = await createDartwing(testOptions(database, { clock, ...more }));
  atEnd(() => dartwing.close());
  return { database, dartwing, clock };
}

let turn: Promise<unknown> = Promise.resolve();

/** One statement on the server's own database. Cloning a template that somebody else clones has to wait. */
async function onServer(serverUrl: string, statement: string): Promise<void> {
  const work = async () => {
    const client = new pg.Client({ connectionString: serverUrl });
    await client.connect();
    try {
      await client.query("select pg_advisory_lock(hashtext('dartwing test databases'))");
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const mine = turn.then(work, work);
  turn = mine;
  await mine;
}
