import { alertSpec } from './alert/spec.js';
import { apiSpec } from './api/spec.js';
import { apikeySpec } from './apikey/spec.js';
import { applySpec, diffSpec } from './apply/spec.js';
import { auditSpec } from './audit/spec.js';
import { complianceSpec, gdprSpec, hipaaSpec, soc2Spec } from './compliance/spec.js';
import { configSpec } from './config/spec.js';
import { conflictSpec } from './conflict/spec.js';
import { dlqSpec } from './dlq/spec.js';
import { doctorSpec } from './doctor/spec.js';
import { doctypeSpec } from './doctype/spec.js';
import { initSpec } from './init/spec.js';
import { inviteSpec } from './invite/spec.js';
import { jobSpec } from './job/spec.js';
import { keySpec } from './key/spec.js';
import { memberSpec } from './member/spec.js';
import {
  completeSpec,
  completionSpec,
  explainSpec,
  helpSpec,
  manSpec,
  schemaSpec,
  versionSpec,
} from './meta/spec.js';
import { metricSpec } from './metric/spec.js';
import { migrateSpec } from './migrate/spec.js';
import { orgSpec } from './org/spec.js';
import { permissionSpec } from './permission/spec.js';
import { personSpec } from './person/spec.js';
import { profileSpec } from './profile/spec.js';
import { queueSpec } from './queue/spec.js';
import { retentionSpec } from './retention/spec.js';
import { roleSpec } from './role/spec.js';
import { scheduleSpec } from './schedule/spec.js';
import { serveSpec } from './serve/spec.js';
import type { NounSpec } from './spec.js';
import { syncSpec } from './sync/spec.js';
import { tokenSpec } from './token/spec.js';
import { topSpec } from './top/spec.js';
import { upSpec } from './up/spec.js';
import { workerSpec } from './worker/spec.js';

/**
 * How the spec of each noun is reached, in the order in which help shows them. A command needs one of them, and
 * bundles read a file when it is first used: so none is read before it is asked for.
 */
const specs: Readonly<Record<string, () => NounSpec>> = {
  init: () => initSpec,
  up: () => upSpec,
  doctor: () => doctorSpec,
  org: () => orgSpec,
  person: () => personSpec,
  member: () => memberSpec,
  role: () => roleSpec,
  invite: () => inviteSpec,
  permission: () => permissionSpec,
  sync: () => syncSpec,
  conflict: () => conflictSpec,
  doctype: () => doctypeSpec,
  job: () => jobSpec,
  queue: () => queueSpec,
  dlq: () => dlqSpec,
  worker: () => workerSpec,
  retention: () => retentionSpec,
  schedule: () => scheduleSpec,
  top: () => topSpec,
  apikey: () => apikeySpec,
  key: () => keySpec,
  token: () => tokenSpec,
  audit: () => auditSpec,
  metric: () => metricSpec,
  compliance: () => complianceSpec,
  hipaa: () => hipaaSpec,
  soc2: () => soc2Spec,
  gdpr: () => gdprSpec,
  alert: () => alertSpec,
  migrate: () => migrateSpec,
  apply: () => applySpec,
  diff: () => diffSpec,
  serve: () => serveSpec,
  api: () => apiSpec,
  config: () => configSpec,
  profile: () => profileSpec,
  schema: () => schemaSpec,
  explain: () => explainSpec,
  completion: () => completionSpec,
  man: () => manSpec,
  version: () => versionSpec,
  help: () => helpSpec,
  __complete: () => completeSpec,
};

/** Every noun of the command line, in the order in which help shows them. */
export function allNouns(): readonly NounSpec[] {
  return Object.values(specs).map((spec) => spec());
}

/** The noun of this name or alias. */
export function findNoun(word: string): NounSpec | undefined {
  if (Object.hasOwn(specs, word)) return specs[word]?.();
  return allNouns().find((noun) => noun.aliases?.includes(word));
}
