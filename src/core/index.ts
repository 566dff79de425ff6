/**
 * dartwing's core, as a library.
 *
 *     import { createDartwing, migrateInstallation } from 'dartwing';
 *
 *     const options = { url: process.env.DATABASE_URL, masterKey: process.env.DARTWING_MASTER_KEY };
 *     await migrateInstallation(options);
 *     const dartwing = await createDartwing(options);
 *     await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
 *     await dartwing.asOrg('acme', (tx) => tx.query('select member_name from org_member'));
 *     await dartwing.close();
 */
export type {
  Call,
  CallOptions,
  Change,
  Decision,
  GrantLog,
  GrantRebuild,
  PermissionVerbs,
  Principal,
  Via,
} from './access/index.js';
export type { ApplyOptions, ApplyResult, Plan, SourceFile } from './apply/index.js';
export type { BrowserOptions, BrowserVerbs } from './browser/index.js';
export { type Clock, fakeClock, systemClock } from './clock.js';
export type { Dartwing, Finding, People, Report, Tenancy } from './contract.js';
export { withholdMemory } from './core-dump.js';
export { createDartwing } from './dartwing.js';
export { build, type MigrationRun, type MigrationState, type Tx } from './db/index.js';
export type { EquipmentDocument, EquipmentInput, EquipmentList } from './equipment/index.js';
export {
  DartwingError,
  type ErrorCode,
  type ErrorKind,
  errorCatalogue,
  errorKinds,
  isDartwingError,
} from './errors.js';
export type {
  Caller,
  IdentityOptions,
  IdentityVerbs,
  IncomingCall,
  IssuerSettings,
} from './identity/index.js';
export {
  checkMasterKey,
  findMissingIndexes,
  findUnbuiltIndexes,
  migrateInstallation,
  readMigrationState,
  testIsolation,
} from './installation.js';
export type { BulkResult, InvitationDocument, InvitationList, InviteInput } from './invitations/index.js';
export {
  type DeadLetterList,
  type JobContext,
  type JobDefinition,
  type JobDocument,
  type JobEvent,
  type Jobs,
  type JobWorker,
  PermanentJobError,
  type SubmitOptions,
  type Submitted,
  type WorkerOptions,
} from './jobs/index.js';
export type {
  FactorDocument,
  FactorMade,
  LiteOptions,
  LiteTokens,
  LiteVerbs,
  PasswordDocument,
  ResetDocument,
} from './lite/index.js';
export type { OperationInput, OperationType } from './operations.js';
export type { DartwingOptions } from './options.js';
export type {
  CreateRoleInput,
  MemberChange,
  MemberDocument,
  PersonDocument,
  Provisioning,
  RoleChanges,
  SignUpInput,
} from './people/index.js';
export { type Allowance, type Quota, type Rates, shippedRates } from './quota/index.js';
export type {
  ConflictDecision,
  ConflictDocument,
  ConflictProposal,
  FeedPage,
  FeedRequest,
  FeedRow,
  Operation,
  OperationResult,
  PushAnswer,
  PushRequest,
  Sync,
  SyncRuleSet,
} from './sync/index.js';
export type {
  CreateOrganizationInput,
  ListOrganizationsInput,
  OrganizationChanges,
  OrganizationDocument,
  OrganizationList,
} from './tenancy/index.js';
