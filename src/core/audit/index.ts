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
export { stageAudit, stageAuditMany } from './staging.js';
