/**
 * The database: pools, tenant transactions, migrations, row-level security and the self-test.
 *
 * Use it through `asOrg(org, fn)`: the transaction is bound to one organization before its first statement, in
 * the same round trip, by a role that owns nothing. Without an organization every tenant table is empty and
 * refuses writes. `asPerson` reads across a person's organizations; `asSystem` is for operators and leaves an
 * audit entry with its reason. Statements run at most 30 s, locks wait 10 s (limits.ts); a transaction that
 * meets another is tried up to five times, so `work` must have no effect outside its transaction, except
 * through `tx.afterCommit`.
 */
export type { NamedStatement } from './batch.js';
export { connectAlone } from './connection.js';
export {
  type Database,
  type DatabaseOptions,
  describeTarget,
  openDatabase,
  type PoolFacts,
  type WorkOptions,
} from './database.js';
export { duplicateConstraint } from './failures.js';
export { quoteIdentifier } from './identifiers.js';
export { keepListening, type Listening, type OpenListener } from './listening.js';
export type { Lookup } from './lookup.js';
export {
  type MigrateOptions,
  type MigrationRun,
  type MigrationState,
  migrateUp,
  migrationState,
  printMigrations,
  requireMasterKey,
} from './migrate.js';
export type { RolePasswords } from './roles.js';
export { isolationChecks, requireSound, requireVersion, runSelfTest, type SelfTest } from './selftest.js';
export { type ServerFacts, serverFacts } from './server.js';
export type { OrganizationTable, OrgMemberTable, Tables } from './tables.js';
export { type AuditKey, build, type Result, type TransactionCourse, type Tx } from './transaction.js';
