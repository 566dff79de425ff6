/**
 * Realtime: sockets hear what happened, on whatever node they are, and nobody hears what they may not.
 *
 * An event is left in the transaction that causes it and sent after its COMMIT: changes of documents by a trigger on
 * their log, others by `publish`. A relay hands events to all nodes, by NOTIFY or by Redis; each node gives them to its
 * own sockets only. Events are hints: they say that something happened, and the change feed says what, with the rights
 * of whoever asks. So a lost or repeated event harms nobody, and no field travels here that somebody may not see.
 *
 * Whose rights move is told on the same way, before every event that happened later: a node stops telling them at once
 * and asks for their rights anew. So after a removal is acknowledged, nothing that happens later reaches the removed.
 *
 * ```ts
 * await dartwing.realtime.publish('acme', { event: 'mention', message: { by: 'ana' }, user: 'emil@acme.test' });
 * ```
 *
 * Limits: bounds.ts. Audit: nothing; an event is a hint of something that has its own entry.
 */
export { adminRoom, organizationRoom } from './channel.js';
export type { Envelope, Target } from './envelope.js';
export { dropRealtime, tellOfAgreement, tellOfIntegration } from './followers.js';
export type { HeardChannel, HeardOrganization, Hearing, Wish } from './hearing.js';
export type { NodeEars, RealtimeNode, RealtimeOptions } from './node.js';
export { presenceRoom } from './presence.js';
export { type Publication, publicationSchema } from './publish.js';
export type { Published } from './relay.js';
export { type Realtime, type RealtimeRoom, realtimeRoom } from './room.js';
