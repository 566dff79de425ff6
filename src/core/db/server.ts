/** What a server says of itself, for doctor. */
import pg from 'pg';
import { describeTarget } from './database.js';
import { connectFailure } from './failures.js';

export interface ServerFacts {
  /** Host, port and database. */
  target: string;
  version: string;
  /** As `server_version_num`: 180004. */
  versionNumber: number;
  /** The server's clock. */
  now: Date;
}

/** Asks the server of an address. @throws DATABASE_UNREACHABLE, DATABASE_AUTHENTICATION */
export async function serverFacts(url: string): Promise<ServerFacts> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    application_name: 'dartwing-doctor',
  });
  client.on('error', () => {});
  const target = describeTarget(url);
  await client.connect().catch((error: unknown) => {
    throw connectFailure(error, target, decodeURIComponent(new URL(url).username));
  });
  try {
    const { rows } = await client.query<{ version: string; number: number; now: Date }>(
      "select current_setting('server_version') as version, current_setting('server_version_num')::int as number, clock_timestamp() as now",
    );
    const { version, number, now } = rows[0]!;
    return { target, version, versionNumber: number, now };
  } finally {
    await client.end().catch(() => {});
  }
}
