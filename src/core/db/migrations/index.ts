/**
 * The migrations in order. Each is immutable once released: a change is a new migration. `breaking` says that
 * processes of the previous version cannot work with the schema it makes. In the SQL, `{{owner}}`, `{{app}}`,
 * `{{reader}}`, `{{system}}`, `{{sequencer}}` and `{{schema}}` stand for quoted names; the search path is the schema.
 */
import { ground } from './0001-ground.js';
import { auditTrail } from './0002-audit-trail.js';
import { organizations } from './0003-organizations.js';
import { people } from './0004-people.js';
import { personDirectory } from './0005-person-directory.js';
import { peopleLife } from './0006-people-life.js';
import { access } from './0007-access.js';
import { invitationsAndEquipment } from './0008-invitations-equipment.js';
import { identity } from './0009-identity.js';
import { liteSignIn } from './0010-lite-sign-in.js';
import { jobs } from './0011-jobs.js';
import { jobSchedules } from './0012-job-schedules.js';
import { documents } from './0013-documents.js';
import { sync } from './0014-sync.js';
import { server } from './0015-server.js';
import { sealedContext } from './0016-sealed-context.js';
import { keys } from './0017-keys.js';
import { realtime } from './0018-realtime.js';
import { browserSignIn } from './0019-browser-sign-in.js';
import { syncRules } from './0020-sync-rules.js';
import { integrations } from './0021-integrations.js';
import { auditCheckpoints } from './0022-audit-checkpoints.js';
import { compliance } from './0023-compliance.js';
import { provenAddresses } from './0024-proven-addresses.js';
import { operations } from './0025-operations.js';
import { auditArchive } from './0026-audit-archive.js';
import { privacy } from './0027-privacy.js';
import { incomingWebhooks } from './0028-incoming-webhooks.js';
import { sealedFields } from './0029-sealed-fields.js';
import { dataProtection } from './0030-data-protection.js';
import { suspension } from './0031-suspension.js';
import { jobTraces } from './0032-job-traces.js';
import { trust } from './0033-trust.js';
import { syncUpkeep } from './0034-sync-upkeep.js';
import { jobChecks } from './0035-job-checks.js';
import { auditPrevious } from './0036-audit-previous.js';
import { agreementNotice } from './0037-agreement-notice.js';
import { erasureLedger } from './0038-erasure-ledger.js';

export interface Migration {
  id: number;
  name: string;
  breaking: boolean;
  sql: string;
}

export const migrations: readonly Migration[] = [
  ground,
  auditTrail,
  organizations,
  people,
  personDirectory,
  peopleLife,
  access,
  invitationsAndEquipment,
  identity,
  liteSignIn,
  jobs,
  jobSchedules,
  documents,
  sync,
  server,
  sealedContext,
  keys,
  realtime,
  browserSignIn,
  syncRules,
  integrations,
  auditCheckpoints,
  compliance,
  provenAddresses,
  operations,
  auditArchive,
  privacy,
  incomingWebhooks,
  sealedFields,
  dataProtection,
  suspension,
  jobTraces,
  trust,
  syncUpkeep,
  jobChecks,
  auditPrevious,
  agreementNotice,
  erasureLedger,
];
