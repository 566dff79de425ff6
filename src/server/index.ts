/**
 * The HTTP door. One web-standard `fetch` handler that a host mounts, or `listen` for a server of its own.
 *
 *     const server = createServer(dartwing);
 *     const listening = await server.listen({ port: 4000 });
 *     await listening.close();
 *
 * Routes so far: `/health/live` (the process answers) and `/health/ready` (the database does too and the
 * installation is sound; 503 otherwise).
 */
export { createServer, type Listening, type ListenOptions, type Server } from './server.js';
