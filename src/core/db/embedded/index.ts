/**
 * The embedded PostgreSQL: a real server for projects that have none, kept in the project's `.dartwing` folder.
 *
 * Processes share it without knowing of each other. The first one starts it, each holds it while it works, and the
 * last one out stops it. A process that is killed leaves at most a running server, which the next one takes over.
 *
 *     const server = await openEmbedded({ data: '/srv/shop/.dartwing', env: process.env });
 *     try { await work(server.url) } finally { await server.close() }
 *
 * Limits: `embedded…` in limits.ts. Nothing here is written to the audit trail.
 */
export { eraseEmbedded } from './erase.js';
export { type EmbeddedStatus, embeddedStatus, findEmbedded, presumedAddress } from './look.js';
export { type EmbeddedOptions, type EmbeddedServer, type EmbeddedStep, openEmbedded } from './open.js';
