/** Retention. */
import { z } from 'zod';
import { document, list, time } from './base.js';

export const privacy = {
  RetentionRuleList: list(
    'RetentionRuleList',
    z.looseObject({
      doctype: z.string(),
      keep_days: z.int().min(1).describe('after the last change'),
      basis: z.string(),
      set_at: time,
      set_by: z.string(),
    }),
  ),
  RetentionRun: document('RetentionRun', {
    organization: z.string(),
    held: z.boolean().describe('under legal hold nothing goes'),
    dry_run: z.boolean(),
    items: z.array(
      z.looseObject({
        doctype: z.string(),
        keep_days: z.int(),
        before: time,
        due: z.int(),
        restricted: z.int().describe('due, and kept because it is about a restricted person'),
        disposed: z.int(),
      }),
    ),
  }),
};
