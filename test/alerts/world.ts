/** Somebody who receives alerts, and a clock of the database that tests do not have to wait for. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestDatabase } from '../support/database.js';
import { atEnd } from '../support/ending.js';

export interface Received {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what it expects
  body: any;
  text: string;
}

/** A server that takes everything, unless it is told to answer otherwise. */
export async function openReceiver(): Promise<{
  url: string;
  received: Received[];
  answer: { status: number };
}> {
  const received: Received[] = [];
  const answer = { status: 200 };
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body: JSON.parse(text), text });
      response.writeHead(answer.status).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, answer };
}

/** Lets everything that is kept lie further back, as if that much time had passed. */
export async function letPass({ admin }: Pick<TestDatabase, 'admin'>, seconds: number): Promise<void> {
  const by = `interval '${seconds} seconds'`;
  await admin.query(`
    update metric_sample set at = at - ${by};
    update alert_watch set evaluated_at = evaluated_at - ${by};
    update alert_instance set active_at = active_at - ${by}, fired_at = fired_at - ${by},
      kept_since = kept_since - ${by}, resolved_at = resolved_at - ${by};
    update alert_group set opened_at = opened_at - ${by}, notified_at = notified_at - ${by};
    update alert_notification set due_at = due_at - ${by}, created_at = created_at - ${by};
    update alert_silence set created_at = created_at - ${by}, until = until - ${by};`);
}
