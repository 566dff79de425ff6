/** A way to a server of a test that can be closed and opened again, as if that server had gone and come back. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { atEnd } from './ending.js';
import { freePort } from './port.js';

export interface Gateway {
  /** The address, by way of here. */
  url: string;
  open(): Promise<void>;
  /** Breaks what is open; nothing can be opened until it is open again. */
  close(): Promise<void>;
}

export async function openGateway(address: string): Promise<Gateway> {
  const target = new URL(address);
  const host = target.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost';
  const port = Number(target.port || 5432);
  const own = new URL(address);
  own.hostname = '127.0.0.1';
  own.port = String(await freePort());
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  const close: Gateway['close'] = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((done) => (server === undefined ? done() : server.close(() => done())));
    server = undefined;
  };
  const open: Gateway['open'] = () => {
    server = createServer((inner) => {
      const outer = connect(port, host);
      for (const [socket, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
      }
      inner.pipe(outer).pipe(inner);
    });
    return new Promise((resolve, reject) => {
      server!.once('error', reject);
      server!.listen(Number(own.port), '127.0.0.1', resolve);
    });
  };
  await open();
  atEnd(close);
  return { url: own.href, open, close };
}
