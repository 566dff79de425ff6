/** Every bound of realtime, by name. Units are the last word of the name. */
export const bounds = Object.freeze({
  /** JSON of one message. */
  messageBytesMax: 65_536,
  /** Name of an event, of a channel. */
  eventCharsMax: 64,
  channelCharsMax: 300,
  /** Events of one batch of a relay, and changes of the log that one row of the outbox is told as. */
  batchMax: 500,
  changesMax: 500,
  /** Holders that are named one by one; more are told as everybody. */
  holdersMax: 1_000,
  /** How often a node looks for events nobody told it of, with sockets and without. */
  pollMs: 200,
  pollIdleMs: 5_000,
  /** Pause after a failure of the database. */
  failurePauseMs: 500,
  /** Sign of life of a node, and after which silence it counts as dead. */
  nodeBeatMs: 20_000,
  nodeLeaseMs: 60_000,
  /** Payload of one NOTIFY; PostgreSQL takes less than 8,000 bytes. */
  notifyBytesMax: 7_900,
  /** Batches whose parts are being put together. */
  partialBatchesMax: 32,
  /** Ids of events that a node remembers, to give each one on once. */
  idsKnownMax: 4_096,
  /** One call of Redis, and the pause before it is tried again. */
  redisCallMs: 1_000,
  redisPauseMsMax: 2_000,
  /** Gathering of events of one process before they are written. */
  gatherMs: 20,
  gatheredMax: 1_000,
  /** Events that are written without asking whether a server is there, and how long its absence is believed. */
  gatheredUnasked: 50,
  deafMs: 100,
  /** Age of a signed message of another publisher. */
  externalMsMax: 300_000,
  /** Whom one presence list names. */
  presenceMax: 200,
});
