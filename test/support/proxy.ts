/** A TCP proxy before the database: counts flights, delays answers, cuts the line. */
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { atEnd } from './ending.js';

export interface DatabaseProxy {
  /** The same address by way of the proxy. */
  through(url: string): string;
  /** What clients sent, a string for each flight: everything between two answers. */
  readonly flights: string[];
  /** Cuts both sides as soon as a client has sent this text; the server gets it only if `delivered`. */
  cutAt(text: string, options: { delivered: boolean }): void;
  /** How often a line was cut. */
  readonly cuts: number;
}

/**
 * @param delayMs how long answers are held back, so that all that a client sends without waiting counts as one flight
 */
export async function startProxy(url: string, delayMs = 0): Promise<DatabaseProxy> {
  const target = new URL(url);
  const flights: string[] = [];
  const sockets = new Set<Socket>();
  let cut: { text: string; delivered: boolean } | undefined;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let answered = true;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (answered) flights.push('');
      answered = false;
      flights[flights.length - 1] += text;
      if (cut && text.includes(cut.text)) {
        cuts++;
        const { delivered } = cut;
        cut = undefined;
        client.destroy();
        if (delivered) upstream.end(chunk);
        else upstream.destroy();
        return;
      }
      upstream.write(chunk);
    });
    upstream.on('data', async (chunk) => {
      if (delayMs > 0) await setTimeout(delayMs);
      answered = true;
      client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return {
    through: (address) => {
      const changed = new URL(address);
      changed.host = `127.0.0.1:${port}`;
      return changed.href;
    },
    flights,
    cutAt: (text, { delivered }) => {
      cut = { text, delivered };
    },
    get cuts() {
      return cuts;
    },
  };
}
