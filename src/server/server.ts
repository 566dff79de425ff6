/** The server: routes as one fetch handler, and a listener for them. */
import { createServer as createHttpServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { asDartwingError, DartwingError } from '../core/errors.js';
import type { Dartwing } from '../core/index.js';
import { healthRoutes } from './health.js';

export interface ListenOptions {
  /** Default 127.0.0.1. */
  host?: string | undefined;
  /** 0 chooses a free one. */
  port: number;
}

export interface Listening {
  /** `http://127.0.0.1:4000` */
  url: string;
  port: number;
  /** Stops accepting, lets running requests finish, then closes. */
  close(): Promise<void>;
}

export interface Server {
  fetch(request: Request): Response | Promise<Response>;
  /** @throws PORT_IN_USE, VALIDATION_ERROR (a port or an address that this process may not use) */
  listen(options: ListenOptions): Promise<Listening>;
}

/** Makes the server of an open dartwing. Closing dartwing stays with whoever opened it. */
export function createServer(dartwing: Dartwing): Server {
  const app = new Hono();
  app.route('/health', healthRoutes(dartwing));
  app.notFound((context) =>
    context.json({ error: { code: 'NOT_FOUND', message: 'No such route', details: [] } }, 404),
  );
  app.onError((thrown, context) => {
    const error = asDartwingError(thrown);
    return context.json(
      {
        error: {
          code: error.code,
          message: error.kind === 'internal' ? 'Internal error' : error.message,
          details: [],
        },
      },
      500,
    );
  });
  return Object.freeze({
    fetch: (request: Request) => app.fetch(request),
    listen: (options: ListenOptions) => listen(app, options),
  });
}

function listen(app: Hono, { host = '127.0.0.1', port }: ListenOptions): Promise<Listening> {
  const server = createHttpServer(getRequestListener(app.fetch));
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenFailure(error, host, port));
    });
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve({
        url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
        port: bound,
        close: () => close(server),
      });
    });
  });
}

function listenFailure(error: NodeJS.ErrnoException, host: string, port: number): DartwingError {
  if (error.code === 'EADDRINUSE') return new DartwingError('PORT_IN_USE', { port, host }, { cause: error });
  const why = error.code === 'EACCES' ? 'this user may not use it' : 'it is not an address of this machine';
  const message = `Cannot listen on port ${port} of ${host}: ${why}`;
  return new DartwingError('VALIDATION_ERROR', { message }, { cause: error });
}

function close(server: ReturnType<typeof createHttpServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
