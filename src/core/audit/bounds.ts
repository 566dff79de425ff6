/** The bounds of this room that are not shared with others (those are in `limits`). */
export const auditBounds = Object.freeze({
  /** UTF-16 units of the action, an actor, a doctype, a document name or a request id: what an index row can hold. */
  clearTextCharsMax: 255,
  /** Bytes of bodies that one sequencer transaction takes (at least one entry). */
  batchBytesMax: 16_777_216,
  /** Organizations sequenced or verified at the same time. */
  organizationsAtOnce: 4,
  /** Entries that verify and tail read at once. */
  pageEntries: 1_000,
  /** Idle look for new entries while tailing without a doorbell. */
  tailPollMs: 1_000,
  /** First and longest pause before LISTEN connects again. */
  listenBackoffMs: 500,
  listenBackoffMsMax: 30_000,
  /** Pause of the sequencer after a failed round. */
  failurePauseMs: 1_000,
  /** Rounds that a reader lets run before it reads. */
  roundsMax: 100,
  /** Age from which a staged entry that nobody sequenced is reported. */
  backlogMs: 60_000,
  /** New entries, or age of the last one, after which a trail gets a checkpoint. */
  checkpointEntries: 1_000,
  checkpointMs: 300_000,
  /** Trails that one round signs; more wait for the next. */
  checkpointTrailsMax: 2_000,
  /** Entries and bytes of bodies of one segment of the archive, and what one may decompress to. */
  segmentEntriesMax: 10_000,
  segmentBytesMax: 16_777_216,
  segmentTextBytesMax: 134_217_728,
  /** One call to a bucket: to connect, in all, and attempts. */
  archiveConnectMs: 5_000,
  archiveMs: 60_000,
  archiveAttemptsMax: 4,
  archiveReadsAtOnce: 8,
  /** How long the newest checkpoint of the archive is remembered. */
  anchorMs: 300_000,
  /** How far retention may be from what our clock expects. */
  clockSkewMs: 172_800_000,
  /** How far the server's clock may go back before an entry tells of it. */
  clockBackMs: 2_000,
  /** Months looked back for the newest checkpoint of the archive. */
  anchorMonthsMax: 120,
  /** Generations of the signing key. */
  signersMax: 1_000,
  /** Checkpoints that verification reads at once. */
  checkpointPage: 1_000,
});
