/**
 * Every bound of the core, by name. A loop, queue, page, retry or body that has no line here is a defect.
 * Units are the last word of the name.
 */
export const limits = Object.freeze({
  /** Connections of one pool. */
  poolConnectionsMax: 10,
  /** Wait for a free or new connection. */
  connectMs: 5_000,
  /** One SQL statement of a tenant transaction. */
  statementMs: 30_000,
  /** Wait for a row or table lock. */
  lockMs: 10_000,
  /** A transaction that waits for its client. */
  idleInTransactionMs: 15_000,
  /** Attempts of a transaction that met a serialization failure or a deadlock, the first one included. */
  transactionAttemptsMax: 5,
  /** Longest pause between two attempts of a transaction. */
  transactionBackoffMsMax: 250,
  /** Attempts at the roles of a server whose other databases are being migrated at the same time. */
  roleAttemptsMax: 30,
  /** Organizations that one cross-organization read may name. */
  organizationsPerReadMax: 5_000,
  /** Slugs whose ids a process remembers. */
  slugsKnownMax: 10_000,
  /** Page sizes of lists. */
  pageDefault: 20,
  pageMax: 500,
  /** Longest text that a name, a title or a reason may have. */
  nameCharsMax: 140,
  reasonCharsMax: 1_000,
  /** Canonical bytes of one audit entry (security paper: 64 KB). */
  auditBodyBytesMax: 65_536,
  /** Staged audit entries that one sequencer transaction takes. */
  auditBatchMax: 2_000,
  /** Idle look for staged audit entries when no doorbell rang. */
  auditPollMs: 5_000,
  /** Members and documents of one apply file set. */
  applyDocumentsMax: 1_000,
  applyFileBytesMax: 1_048_576,
  /** How long the answer of a call with an idempotency key is kept. */
  idempotencyMs: 86_400_000,
  /** Days between dissolving an organization and purging it. */
  purgeAfterDaysDefault: 30,
  /** Connections of the embedded server, all processes together. */
  embeddedConnectionsMax: 200,
  /** Wait for another process that starts or stops the embedded server. */
  embeddedLockMs: 120_000,
  /** Start of the embedded server, recovery after a crash included. */
  embeddedStartMs: 120_000,
  /** Wait for backends of a killed embedded server to leave its shared memory. */
  embeddedLeftoverMs: 30_000,
  /** Fast shutdown of the embedded server, its last checkpoint included. */
  embeddedStopMs: 30_000,
  /** Wait for connections that were just closed to disappear from the list of backends. */
  embeddedLingerMs: 500,
  /** Tries to hold an embedded server again that restarted under us. */
  embeddedRejoinMs: 60_000,
  /** Size from which the embedded server's log is set aside at the next start. */
  embeddedLogBytesMax: 10_485_760,
});
