/** A process that uses the embedded server on the orders of a test (see embedded-stage.ts). */
import pg from 'pg';
import { type EmbeddedServer, openEmbedded } from '../../src/core/db/embedded/index.js';

/** What a test may ask of the child; each is answered with `{ answer }` or `{ error }`. */
export type Order =
  | { verb: 'open'; data: string; durable: boolean }
  | { verb: 'query'; sql: string }
  | { verb: 'close' }
  | { verb: 'forget' };

let server: EmbeddedServer | undefined;

process.on('disconnect', () => process.exit());
process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => process.send?.({ answer }),
    (error: Error & { code?: string; why?: string; fix?: readonly string[] }) =>
      process.send?.({ error: { message: error.message, code: error.code, why: error.why, fix: error.fix } }),
  );
});

async function obey(order: Order): Promise<unknown> {
  if (order.verb === 'open') {
    const { data, durable } = order;
    const messages: string[] = [];
    const log = (message: string): void => void messages.push(message);
    const onProgress = (step: string): void => void process.send?.({ step });
    server = await openEmbedded({ data, durable, env: process.env, log, onProgress });
    return { ...server, messages };
  }
  if (order.verb === 'query') return query(order.sql);
  if (order.verb === 'close') return server?.close();
  // Only the held server is left to keep the process alive.
  process.channel?.unref();
  return undefined;
}

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server!.url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}
