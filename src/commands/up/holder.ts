/**
 * Who runs `up` in a folder. The hold is a lock of the database session, which ends with the process however it
 * dies; a file beside it says who holds it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { DartwingError } from '../../core/errors.js';

interface Holder {
  pid: number;
  url: string;
  started_at: string;
}

export interface Hold {
  /** Writes down where this process can be reached. */
  announce(url: string): void;
  release(): Promise<void>;
}

/**
 * Takes the hold of a folder.
 * @param databaseUrl an address whose session may stay open
 * @throws ALREADY_UP naming the process that holds it
 */
export async function holdFolder(folder: string, shown: string, databaseUrl: string): Promise<Hold> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'up.json');
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'dartwing-up',
    keepAlive: true,
  });
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query<{ taken: boolean }>(
    "select pg_try_advisory_lock(hashtextextended('dartwing up ' || $1, 0)) as taken",
    [folder],
  );
  if (rows[0]?.taken !== true) {
    await client.end();
    const holder = readHolder(file);
    throw new DartwingError('ALREADY_UP', {
      directory: shown,
      pid: holder?.pid ?? 'unknown',
      url: holder?.url ?? 'still starting',
    });
  }
  return {
    announce: (url) => {
      const holder: Holder = { pid: process.pid, url, started_at: new Date().toISOString() };
      writeFileSync(file, `${JSON.stringify(holder)}\n`);
    },
    release: async () => {
      rmSync(file, { force: true });
      await client.end().catch(() => {});
    },
  };
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}
