/**
 * The client of the sync protocol (`dartwing/client`), for browsers, phones and Node: edits are kept on the device first
 * and sent when there is a network.
 *
 *     const client = await openClient({
 *       transport: httpTransport({ url, organization: 'acme', token: () => token }),
 *       store: memoryStore(), // or, in Node: await fileStore('tasks.log') from dartwing/client/file
 *       organization: 'acme',
 *       doctypes: ['Task'],
 *     });
 *     const name = await client.insert('Task', { title: 'Call Ana' });
 *     await client.sync();
 *
 * With a socket of realtime `followHints(client, socket, …)` synchronizes when the server says that something changed.
 *
 * Edits leave the queue in their order, and only when the server said what became of them; sent twice, they count once.
 * A conflict holds the edits of its document until `decide`; a refused edit until `retry` or `discard`. Whoever loses the
 * organization loses its data on the device with the next `sync`. Documents and queue are held in memory; the store makes
 * them durable. Limits: 500 edits and 1 MB a call, five attempts.
 */
export type {
  ChangeListener,
  ClientOptions,
  ClientState,
  ClientStatus,
  Decision,
  SyncClient,
} from './client.js';
export { openClient } from './client.js';
export type { Entry } from './entry.js';
export { ClientFault, type ClientFaultCode } from './fault.js';
export { followHints, type HintOptions, type HintSocket } from './hints.js';
export type * from './protocol.js';
export { memoryStore, type Store, type StoreChange } from './store.js';
export { faultOf, type HttpTransportOptions, httpTransport, type Transport } from './transport.js';
export type { LocalDocument } from './view.js';
