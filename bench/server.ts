/**
 * The PostgreSQL that a benchmark measures: the one of DARTWING_BENCH_DATABASE_URL (an administrator's address) or
 * an embedded one in a temporary folder.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openEmbedded } from '../src/core/db/embedded/index.js';
import { type DartwingOptions, migrateInstallation } from '../src/core/index.js';

/** A server for the time of one benchmark. */
export interface BenchServer {
  /** Administrator's address. */
  url: string;
  version: string;
}

/** Roles belong to the whole server: these stay apart from those of an installation on it. */
export const rolePrefix = 'dartwing_bench';

const masterKey = Buffer.alloc(32, 'bench').toString('base64');

/**
 * Runs `work` with a server and ends it.
 * @param durable whether a commit waits for the disk; counts for the embedded server
 */
export async function withServer<T>(durable: boolean, work: (server: BenchServer) => Promise<T>): Promise<T> {
  const given = process.env.DARTWING_BENCH_DATABASE_URL;
  if (given) return work({ url: given, version: await versionOf(given) });
  const folder = await mkdtemp(join(tmpdir(), 'dartwing-bench-'));
  await chmod(folder, 0o755);
  const server = await openEmbedded({ data: join(folder, '.dartwing'), env: process.env, durable });
  const end = async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
  const interrupted = () => void end().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  try {
    return await work({ url: server.url, version: `${server.version} embedded` });
  } finally {
    process.off('SIGINT', interrupted);
    await end();
  }
}

/** Runs `work` with a migrated database of its own, which is dropped afterwards. */
export async function withDatabase<T>(
  server: BenchServer,
  name: string,
  work: (options: DartwingOptions, admin: pg.Client) => Promise<T>,
): Promise<T> {
  const database = `dartwing_bench_${name}`;
  await onServer(
    server.url,
    `drop database if exists ${database} with (force)`,
    `create database ${database}`,
  );
  const url = new URL(server.url);
  url.pathname = `/${database}`;
  const options: DartwingOptions = { url: url.href, masterKey, rolePrefix, background: false };
  await migrateInstallation(options);
  const admin = new pg.Client({ connectionString: url.href, options: '-c search_path=dartwing,public' });
  await admin.connect();
  try {
    return await work(options, admin);
  } finally {
    await admin.end();
    await onServer(server.url, `drop database ${database} with (force)`);
  }
}

async function versionOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('show server_version');
  await client.end();
  return rows[0]!.server_version;
}

async function onServer(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
