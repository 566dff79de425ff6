/** What a server says of itself, for doctor. */
import { connectAlone } from './connection.js';
import { describeTarget } from './database.js';

export interface ServerFacts {
  /** Host, port and database. */
  target: string;
  version: string;
  /** As `server_version_num`: 180004. */
  versionNumber: number;
  /** The server's clock. */
  now: Date;
  /** Version of TLS on the way there; undefined on a plain connection. */
  tls: string | undefined;
  /** The way does not leave this machine. */
  isLocal: boolean;
}

/** Asks the server of an address. @throws DATABASE_UNREACHABLE, DATABASE_AUTHENTICATION */
export async function serverFacts(url: string): Promise<ServerFacts> {
  const target = describeTarget(url);
  const client = await connectAlone(
    { connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'dartwing-doctor' },
    { target, role: decodeURIComponent(new URL(url).username) },
  );
  try {
    type Row = { version: string; number: number; now: Date; tls: string | null; local: boolean };
    const { rows } = await client.query<Row>(
      `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
         clock_timestamp() as now, s.version as tls,
         a.client_addr is null or a.client_addr <<= inet '127.0.0.0/8' or a.client_addr = inet '::1' as local
       from pg_stat_activity a left join pg_stat_ssl s on s.pid = a.pid where a.pid = pg_backend_pid()`,
    );
    const { version, number, now, tls, local } = rows[0]!;
    return { target, version, versionNumber: number, now, tls: tls ?? undefined, isLocal: local };
  } finally {
    await client.end().catch(() => {});
  }
}
