/**
 * The HTTP door. One web-standard `fetch` handler that a host mounts, `handler` for hosts of Node, or `listen` for a
 * server of its own.
 *
 *     const server = createServer(dartwing);
 *     const listening = await server.listen({ port: 4000 });
 *     await listening.close();
 *
 * Everything it can be asked for stands in `/openapi.json`, to be read and tried at `/reference`. Who calls is proven
 * for every route under /v1 and /api, by an access token or an API key; what they may do is
 * decided by the core, in the transaction of the verb. Beside those: `/health/live` (the process answers) and
 * `/health/ready` (the database does too and the installation is sound; 503 otherwise).
 *
 * Limits: bounds.ts; allowances of callers: `rates` of createDartwing. Audit: what the verbs write, with `via: http`.
 */

export type { Listening, ListenOptions } from './listen.js';
export { listenForMetrics, type MetricsListening } from './metrics-listener.js';
export { openApiDocument, openApiGaps } from './openapi.js';
export type { ServerOptions } from './options.js';
export { allRoutes } from './routes/index.js';
export { createServer, type Server } from './server.js';
