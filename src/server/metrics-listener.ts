/** A listener for /metrics alone, for processes that serve nothing else. */
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { asDartwingError, DartwingError } from '../core/errors.js';
import type { Dartwing } from '../core/index.js';
import { type OperatorToken, operatorToken } from './operator.js';

export interface MetricsListening {
  url: string;
  close(): Promise<void>;
}

/**
 * Serves /metrics, to who shows the token where one is set; without one only on a loopback address.
 * @throws PORT_IN_USE, VALIDATION_ERROR (an address that is not loopback, without a token)
 */
export async function listenForMetrics(
  dartwing: Pick<Dartwing, 'metrics'>,
  { host = '127.0.0.1', port, token }: { host?: string; port: number; token?: string | undefined },
): Promise<MetricsListening> {
  const guard: OperatorToken | undefined = operatorToken(token);
  if (guard === undefined && host !== '127.0.0.1' && host !== '::1')
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'metrics are served beyond this machine only with an operator token',
    });
  const { meter } = dartwing.metrics;
  const app = new Hono();
  app.get('/metrics', async (context) => {
    guard?.require(context.req.header('authorization'));
    context.header('content-type', meter.contentType);
    context.header('cache-control', 'no-store');
    return context.body(await meter.text());
  });
  app.onError((thrown, context) => {
    const { code, kind } = asDartwingError(thrown);
    return context.json({ error: { code } }, kind === 'unauthenticated' ? 401 : 500);
  });
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new DartwingError('PORT_IN_USE', { port, host }, { cause: error })
          : new DartwingError(
              'VALIDATION_ERROR',
              { message: `Cannot listen on port ${port} of ${host}` },
              { cause: error },
            ),
      ),
    );
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      const close = () =>
        new Promise<void>((done) => {
          server.close(() => done());
          server.closeAllConnections();
        });
      resolve({ url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/metrics`, close });
    });
  });
}
