/**
 * The schemas of all documents of the core by kind, which `dartwing schema` prints, OpenAPI is made from, and tests
 * hold every answer against. Loaded only where they are needed: a schema library costs time at the start.
 *
 * Within version 1 fields are only added; readers accept fields they do not know.
 */
import type { z } from 'zod';
import { access } from './access.js';
import { answers } from './answers.js';
import { audit } from './audit.js';
import { compliance } from './compliance.js';
import { owned } from './equipment.js';
import { identity } from './identity.js';
import { invitations } from './invitations.js';
import { jobs } from './jobs.js';
import { keys } from './keys.js';
import { people } from './people.js';
import { privacy } from './privacy.js';
import { realtime } from './realtime.js';
import { sync } from './sync.js';
import { tenancy } from './tenancy.js';
import { tokens } from './tokens.js';

export { anything, document, list, row, summaryOfChecks } from './base.js';

export const documentSchemas: Readonly<Record<string, z.ZodType>> = {
  ...tenancy,
  ...audit,
  ...people,
  ...privacy,
  ...owned,
  ...invitations,
  ...access,
  ...answers,
  ...compliance,
  ...identity,
  ...keys,
  ...tokens,
  ...jobs,
  ...sync,
  ...realtime,
};
