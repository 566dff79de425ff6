/**
 * The audit trail: who did what to which document, when, through which door and why, kept so that a later change
 * of it shows.
 *
 * Every verb of the core stages its entry with `stageAudit` in the transaction of the change: if the change
 * commits, so does its entry; if the entry cannot be written, neither can the change. A sequencer
 * (`startSequencer`) puts staged entries into the trail of their organization, normally within a quarter of a
 * second: numbered without gaps, each bound to the one before it (chain) and all of them to one root (the Merkle
 * tree of RFC 6962). `chain.ts` has the format to the byte. The deployment's own entries form the trail `SYSTEM`.
 *
 * ```ts
 * await asOrg('ORG-2026-00001', async (tx) => {
 *   await tx.query('update task set done = true where id = $1', [id]);
 *   await stageAudit(tx, { action: 'update', actor: { type: 'person', id: 'PERSON-2026-00007' }, via: 'http',
 *     ref: { doctype: 'Task', name: id }, old: { done: false }, new: { done: true } });
 * });
 * const report = await verifyTrails(database);   // report.findings[0]?.what: "Entry 412 is gone"
 * ```
 *
 * What holds it: the runtime roles may only insert into the stage and read the trail, the sequencer's role may
 * only append, nobody may update, delete or truncate; triggers refuse it to the owner too. What gets past that is
 * found by `verifyTrails`: change, deletion, insertion, reordering, truncation. What is consistent in itself (a trail
 * rewritten to its end with its head, a head set back with its entries, a whole trail gone) is found by checkpoints
 * (`checkpoint/`): signed with a key that the database does not have, and entered into one log over all organizations
 * whose newest checkpoint is kept elsewhere. What no checkpoint tells of yet, at most five minutes, and the removal of
 * an entry from the stage before it was sequenced are not found.
 *
 * Limits: an entry has at most 64 KB (`limits.auditBodyBytesMax`), a larger `old` or `new` is kept as its hash;
 * names in it have at most 255 characters; members that are named like secrets are sealed. `queryAudit` and
 * `tailAudit` leave the entry `audit.read`; a staged entry that was tampered with becomes `audit.tamper`.
 */
export { anchorsOf, type OfflineResult, verifyArchive } from './archive/offline.js';
export { openArchive } from './archive/place.js';
export type { Restored } from './archive/restore.js';
export type { SealingRound } from './archive/seal.js';
export type { ArchiveOptions, ArchiveStore, PlaceFinding } from './archive/store.js';
export type { SealOptions } from './archive/verbs.js';
export { parseNotes, parseVerifier } from './checkpoint/note.js';
export type { AuditProof, ProofQuery } from './checkpoint/prove.js';
export type { SigningSecret } from './checkpoint/signer.js';
export type { CheckpointDocument, CheckpointList, SigningDocument } from './checkpoint/summary.js';
export type { AuditDocument } from './document.js';
export { type AuditActor, type AuditEntry, type AuditVia, systemOrganization } from './entry.js';
export type { FaultKind } from './fault.js';
export type { AuditFilter } from './filter.js';
export { erasePersonal } from './personal.js';
export type {
  AuditDatabase,
  AuditKey,
  AuditTransaction,
  Queryable,
} from './ports.js';
export { type AuditList, type AuditQuery, queryAudit } from './query.js';
export type { AuditReader } from './reader.js';
export {
  type AuditSource,
  type AuditVerbs,
  auditVerbs,
  type SequencerBell,
  sequencerBell,
  type VerificationOptions,
} from './room.js';
export { type SequencingOptions, type SequencingRound, sequenceOnce } from './sequencer.js';
export { type Sequencer, type SequencerOptions, startSequencer } from './sequencer-loop.js';
export { stageAudit, stageAuditMany } from './staging.js';
export { type AuditTailOptions, type AuditTailSource, tailAudit } from './tail.js';
export {
  type AuditFinding,
  type AuditVerification,
  reportOf,
  type VerifyOptions,
  verifyTrails,
} from './verify.js';
