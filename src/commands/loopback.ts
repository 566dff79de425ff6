/** The address on this machine to which a browser comes back from a provider (RFC 8252 §7.3). */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DartwingError } from '../core/errors.js';

/**
 * Listens while `work` runs. `wait` gives the address of the callback that carries a state; others end nothing.
 * @throws CANCELED when the signal comes first, and what `work` throws
 */
export async function awaitCallback<Result>(
  signal: AbortSignal,
  work: (redirectUri: string, wait: (state: string) => Promise<URL>) => Promise<Result>,
): Promise<Result> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Never a name: `localhost` may lead elsewhere.
    server.listen(0, '127.0.0.1', resolve);
  });
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  const wait = (state: string) =>
    new Promise<URL>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new DartwingError('CANCELED')), { once: true });
      server.on('request', (request, response) => {
        const url = new URL(request.url ?? '/', redirectUri);
        const ours =
          request.method === 'GET' && url.pathname === '/callback' && url.searchParams.get('state') === state;
        response
          .writeHead(ours ? 200 : 400, {
            'content-type': 'text/plain; charset=utf-8',
            'cache-control': 'no-store',
            'referrer-policy': 'no-referrer',
          })
          .end(ours ? 'Back to the terminal: this window can be closed.\n' : 'Nobody waits for this.\n');
        if (ours) resolve(url);
      });
    });
  try {
    return await work(redirectUri, wait);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
