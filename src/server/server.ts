/** The server: routes as one fetch handler, and a listener for them. */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { getPath } from 'hono/utils/url';
import type { Dartwing } from '../core/index.js';
import type { Env } from './exchange.js';
import { frame } from './frame.js';
import { healthRoutes } from './health.js';
import { integrationCallback } from './integration-callback.js';
import { type Listening, type ListenOptions, listen } from './listen.js';
import { requestCount, socketReadings } from './metrics.js';
import { mountRoutes } from './mount.js';
import { openApiRoutes } from './openapi.js';
import { operatorRoutes } from './operator.js';
import type { ServerOptions } from './options.js';
import { attachSockets, type Sockets } from './realtime/index.js';
import { referenceRoutes } from './reference.js';
import { aliases, allRoutes } from './routes/index.js';
import { webhookDoor } from './webhook-door.js';

export interface Server {
  /** The web standard's handler: for Hono, Bun, Deno, and whatever else takes one. */
  fetch(request: Request): Response | Promise<Response>;
  /** The same for node:http, Express and Fastify. A body that the host has read already is taken from `req.body`. */
  handler(request: IncomingMessage, response: ServerResponse): void;
  /** @throws PORT_IN_USE, VALIDATION_ERROR (a port, an address or a certificate that cannot be used) */
  listen(options: ListenOptions): Promise<Listening>;
  /** Serves sockets on a server of the host, with the option `realtime`. The host closes them before its server. */
  attach(host: HttpServer): Pick<Sockets, 'ready' | 'close'>;
}

/**
 * Makes the server of an open dartwing. Closing dartwing stays with whoever opened it.
 * @throws CONFIG_INVALID
 */
export function createServer(dartwing: Dartwing, options: ServerOptions = {}): Server {
  const app = new Hono<Env>({ getPath: pathWithin(options.basePath ?? '') });
  const attached = new Set<Sockets>();
  let draining = 0;
  const facts = () => [...attached].map((sockets) => sockets.facts());
  const { meter } = dartwing.metrics;
  meter.source(() => socketReadings(facts()));
  frame(app, options, requestCount(meter));
  const health = healthRoutes(dartwing, { sockets: facts, isDraining: () => draining > 0 });
  app.route('/', operatorRoutes({ token: options.operatorToken, metrics: meter, details: health.details }));
  app.route('/health', health.routes);
  app.route('/v1/integrations/callback', integrationCallback(dartwing));
  app.route('/', webhookDoor(dartwing));
  app.route('/', openApiRoutes(allRoutes));
  app.route('/reference', referenceRoutes());
  mountRoutes(app, dartwing, [...allRoutes, ...aliases]);
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    void listener(withBytes(request), response);
  };
  const { realtime = false } = options;
  const attach = (host: HttpServer): Sockets => {
    const more = typeof realtime === 'object' ? realtime : {};
    const path = `${(options.basePath ?? '').replace(/\/+$/, '')}/socket.io`;
    const sockets = attachSockets(host, { path, ...options, ...more, dartwing });
    attached.add(sockets);
    const close = async (drainMs: number) => {
      draining += 1;
      await sockets.close(drainMs);
      attached.delete(sockets);
    };
    return { ...sockets, close };
  };
  return Object.freeze({
    fetch: (request: Request) => app.fetch(request),
    handler,
    listen: (listening: ListenOptions) => listen(handler, listening, realtime ? attach : undefined),
    attach,
  });
}

/** Where a request is for, behind the prefix of the host. */
function pathWithin(basePath: string): (request: Request) => string {
  const prefix = basePath.replace(/\/+$/, '');
  return (request) => {
    const path = getPath(request);
    return prefix !== '' && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
  };
}

/** A host that has parsed the body leaves an empty stream behind: give back what it parsed. */
function withBytes(request: IncomingMessage): IncomingMessage {
  const given = request as IncomingMessage & { body?: unknown; rawBody?: Buffer };
  if (given.body === undefined || given.rawBody !== undefined || !given.readableEnded) return request;
  given.rawBody = Buffer.from(typeof given.body === 'string' ? given.body : JSON.stringify(given.body));
  return request;
}
