/** Permissions: decisions and what became of grants. */
import { z } from 'zod';
import { document, list, row, time } from './base.js';

const layer = z.object({
  layer: z.enum(['system_role', 'org_grant', 'role', 'field']),
  result: z.enum(['allow', 'deny', 'skip']),
  why: z.string(),
});

const grantEvent = {
  id: z.string(),
  at: time,
  event: z.enum(['create', 'remove', 'skip']),
  organization: z.string(),
  person: z.string().nullable(),
  user: z.string().nullable(),
  org_member: z.string().nullable(),
  allow: z.string().nullable(),
  for_value: z.string().nullable(),
  reason: z.string(),
};

export const access = {
  Decision: document('Decision', {
    person: z.string(),
    email: z.string(),
    action: z.string(),
    ref: z.string().describe('Doctype/name'),
    organization: z.string().nullable(),
    allowed: z.boolean(),
    layers: z.array(layer).describe('the first that denies decides'),
  }),
  GrantEventList: list('GrantEventList', row(grantEvent)),
  GrantRebuild: document('GrantRebuild', {
    organizations: z.int(),
    created: z.int(),
    removed: z.int(),
    dry_run: z.boolean(),
  }),
};
