/**
 * Holding a folder for `up`: a lock of a database session, which ends with the process however it dies; a file
 * beside it says who holds it.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { connectAlone, describeTarget } from '../../core/db/index.js';
import { requireFolder } from '../../core/folders.js';
import { limits } from '../../core/limits.js';
import { alreadyUp, type Holder, holderFile } from './holder.js';

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
  requireFolder(folder);
  const client = await connectAlone(
    {
      connectionString: databaseUrl,
      application_name: 'dartwing-up',
      keepAlive: true,
      connectionTimeoutMillis: limits.connectMs,
    },
    { target: describeTarget(databaseUrl), role: decodeURIComponent(new URL(databaseUrl).username) },
  );
  const text = "select pg_try_advisory_lock(hashtextextended('dartwing up ' || $1, 0)) as taken";
  const { rows } = await client.query<{ taken: boolean }>(text, [folder]);
  if (rows[0]?.taken !== true) {
    await client.end();
    throw alreadyUp(folder, shown);
  }
  return {
    announce: (url) => {
      const holder: Holder = { pid: process.pid, url, started_at: new Date().toISOString() };
      writeFileSync(holderFile(folder), `${JSON.stringify(holder)}\n`);
    },
    release: async () => {
      rmSync(holderFile(folder), { force: true });
      await client.end().catch(() => {});
    },
  };
}
