/** Connections that belong to no pool. */
import pg from 'pg';
import { connectFailure } from './failures.js';

/**
 * Connects. The caller ends it.
 * @param to what errors say of the server, and the role
 * @param onError hears of a connection that breaks while nobody asks for anything
 * @throws DATABASE_UNREACHABLE, DATABASE_AUTHENTICATION
 */
export async function connectAlone(
  config: pg.ClientConfig,
  to: { target: string; role: string },
  onError: (error: unknown) => void = () => {},
): Promise<pg.Client> {
  const client = new pg.Client(config);
  client.on('error', onError);
  await client.connect().catch((error: unknown) => {
    // A server that was refused by us, not we by it, keeps its end open for a minute, and with it our process.
    void client.end().catch(() => {});
    throw connectFailure(error, to.target, to.role);
  });
  return client;
}
