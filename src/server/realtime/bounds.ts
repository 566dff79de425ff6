/** Every bound of the sockets, by name. Units are the last word of the name. */
export const bounds = Object.freeze({
  /** Sockets of one process, of one caller and of one organization in it. */
  socketsMax: 20_000,
  callerSocketsMax: 20,
  organizationSocketsMax: 5_000,
  /** Channels of one socket. */
  channelsMax: 200,
  /** One message of a client. */
  messageBytesMax: 20_480,
  /** Messages of a client: so many a second, so many at once, and at so many too many it is closed. */
  messagesPerSecond: 20,
  messagesMax: 60,
  messagesOverMax: 200,
  /** Until a connection has said who it is. */
  handshakeMs: 10_000,
  /** Sign of life between server and client. */
  pingMs: 25_000,
  pongMs: 20_000,
  /** What may wait for a slow client before it gets nothing more, and before it is closed. */
  waitingMessagesMax: 256,
  waitingBytesMax: 1_048_576,
  slowBytesMax: 8_388_608,
  slowMs: 30_000,
  /** Bytes from which a message counts as many. */
  largeMessageBytes: 4_096,
  /** How often times of sockets are looked at. */
  sweepMs: 1_000,
  /** Sockets whose rights are asked for at the same time, tries of one, and the pause between them. */
  verifyingMax: 8,
  verifyTriesMax: 20,
  verifyPauseMs: 500,
  /** Over how long sockets look again after a gap. */
  resyncSpreadMs: 5_000,
  /** Names of events that are counted one by one. */
  eventNamesMax: 100,
  /** Sockets that are closed at once while draining, and the pause between. */
  drainBatch: 200,
  drainPauseMs: 50,
});
