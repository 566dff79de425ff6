/** A listener of our own: bounded in time and size, encrypted where a key is given, drained before it ends. */
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { DartwingError } from '../core/errors.js';
import { bounds } from './bounds.js';
import type { Sockets } from './realtime/index.js';
import { refuseUnreadable } from './unreadable.js';

export interface ListenOptions {
  /** Default 127.0.0.1. */
  host?: string | undefined;
  /** 0 chooses a free one. */
  port: number;
  /** Certificate chain and key in PEM: then HTTPS, TLS 1.3 only. */
  tls?: { cert: string | Buffer; key: string | Buffer } | undefined;
  /** Until running requests are cut off when it closes; default 30 s. */
  drainMs?: number | undefined;
}

export interface Listening {
  /** `http://127.0.0.1:4000` */
  url: string;
  port: number;
  /** Stops accepting, lets running requests finish, cuts off what runs longer than the drain time. */
  close(): Promise<void>;
}

/** @throws PORT_IN_USE, VALIDATION_ERROR (a port, an address or a certificate that cannot be used) */
export async function listen(
  listener: RequestListener,
  options: ListenOptions,
  attach?: (server: HttpServer) => Sockets,
): Promise<Listening> {
  const { host = '127.0.0.1', port, tls, drainMs = bounds.drainMs } = options;
  const server = makeServer(listener, tls);
  refuseUnreadable(server);
  const sockets = attach?.(server);
  await sockets?.ready.catch(async (error: unknown) => {
    await sockets.close(0);
    throw error;
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      void sockets?.close(0);
      reject(listenFailure(error, host, port));
    });
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve({
        url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
        port: bound,
        close: () => drain(server, drainMs, sockets),
      });
    });
  });
}

function makeServer(listener: RequestListener, tls: ListenOptions['tls']): HttpServer {
  const settings = {
    maxHeaderSize: bounds.headerBytesMax,
    headersTimeout: bounds.headersMs,
    requestTimeout: bounds.requestMs,
    keepAliveTimeout: bounds.keepAliveMs,
    connectionsCheckingInterval: 5_000,
  };
  if (tls === undefined) return createHttpServer(settings, listener);
  try {
    return createHttpsServer({ ...settings, ...tls, minVersion: 'TLSv1.3' }, listener);
  } catch (error) {
    const message = 'The certificate and its key cannot be used: they are not PEM, or do not belong together';
    throw new DartwingError('VALIDATION_ERROR', { message }, { cause: error });
  }
}

function listenFailure(error: NodeJS.ErrnoException, host: string, port: number): DartwingError {
  if (error.code === 'EADDRINUSE') return new DartwingError('PORT_IN_USE', { port, host }, { cause: error });
  const why = error.code === 'EACCES' ? 'this user may not use it' : 'it is not an address of this machine';
  const message = `Cannot listen on port ${port} of ${host}: ${why}`;
  return new DartwingError('VALIDATION_ERROR', { message }, { cause: error });
}

async function drain(server: HttpServer, drainMs: number, sockets: Sockets | undefined): Promise<void> {
  const closing = sockets?.close(drainMs);
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), drainMs);
    // Connections that wait for a next request would keep the server open; those that answer close behind it.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(idle);
      resolve();
    });
    server.closeIdleConnections();
  });
  await closing;
}
