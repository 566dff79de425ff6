/** Every noun of the command line, in the order in which help shows them. */

import { apiSpec } from './api/spec.js';
import { apikeySpec } from './apikey/spec.js';
import { applySpec, diffSpec } from './apply/spec.js';
import { auditSpec } from './audit/spec.js';
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
import { metaSpecs } from './meta/spec.js';
import { migrateSpec } from './migrate/spec.js';
import { orgSpec } from './org/spec.js';
import { permissionSpec } from './permission/spec.js';
import { personSpec } from './person/spec.js';
import { profileSpec } from './profile/spec.js';
import { queueSpec } from './queue/spec.js';
import { roleSpec } from './role/spec.js';
import { scheduleSpec } from './schedule/spec.js';
import { serveSpec } from './serve/spec.js';
import type { NounSpec } from './spec.js';
import { syncSpec } from './sync/spec.js';
import { tokenSpec } from './token/spec.js';
import { upSpec } from './up/spec.js';
import { workerSpec } from './worker/spec.js';

export const nouns: readonly NounSpec[] = [
  initSpec,
  upSpec,
  doctorSpec,
  orgSpec,
  personSpec,
  memberSpec,
  roleSpec,
  inviteSpec,
  permissionSpec,
  syncSpec,
  conflictSpec,
  doctypeSpec,
  jobSpec,
  queueSpec,
  dlqSpec,
  workerSpec,
  scheduleSpec,
  apikeySpec,
  keySpec,
  tokenSpec,
  auditSpec,
  migrateSpec,
  applySpec,
  diffSpec,
  serveSpec,
  apiSpec,
  configSpec,
  profileSpec,
  ...metaSpecs,
];
