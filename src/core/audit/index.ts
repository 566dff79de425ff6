export { type AuditActor, type AuditEntry, type AuditVia, systemOrganization } from './entry.js';
export { auditMigrationSql } from './migration.js';
export type {
  AuditDatabase,
  AuditKey,
  AuditTransaction,
  ListenConnection,
  OpenListener,
  Queryable,
} from './ports.js';
export { type SequencingOptions, type SequencingRound, sequenceOnce } from './sequencer.js';
export { type Sequencer, type SequencerOptions, startSequencer } from './sequencer-loop.js';
export { stageAudit, stageAuditMany } from './staging.js';
export { type AuditFinding, type AuditReport, type VerifyOptions, verifyTrails } from './verify.js';
