/**
 * The core of another process, through HTTP: the same object, every verb of it one call.
 *
 * ```ts
 * import { connectDartwing } from 'dartwing/remote';
 *
 * const dartwing = connectDartwing({ url: 'https://api.acme.test', token: () => process.env.DARTWING_TOKEN });
 * const { items } = await dartwing.tenancy.list();
 * ```
 *
 * The caller is whoever the token proves, with that person's or key's rights; errors are those of the catalogue. Reads,
 * and writes with an idempotency key, are made again when the connection breaks. What needs the database in this process
 * throws NEEDS_DATABASE. The server's half is server/routes/calls.ts; both read one table, methods.ts, which the compiler
 * holds against the interface.
 *
 * Limits: `remote…` in limits.ts. Audit: what the verbs write, with `via: http`.
 */
export { isLoopback } from './address.js';
export { connectDartwing, type RemoteOptions } from './client.js';
export { comesByParts, type Far, farOf, methods } from './methods.js';
export { refusalOf } from './refusal.js';
export { decode, encode, type Listener } from './wire.js';
