/** A TCP balancer: each new connection goes to the next server that takes it. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { atEnd } from '../support/ending.js';

export async function startBalancer(targets: () => readonly string[]): Promise<string> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    client.on('error', () => {});
    const attempt = (left: number): void => {
      const list = targets();
      const target = new URL(list[turn++ % list.length]!);
      const upstream = connect(Number(target.port), target.hostname);
      upstream.once('error', () => (left > 0 ? attempt(left - 1) : client.destroy()));
      upstream.once('connect', () => {
        upstream.removeAllListeners('error');
        for (const [from, to] of [
          [client, upstream],
          [upstream, client],
        ] as const) {
          from.pipe(to);
          from.on('error', () => to.destroy());
          from.on('close', () => to.destroy());
        }
      });
    };
    attempt(targets().length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
