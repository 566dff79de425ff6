/** Answers that every noun gives: what changed, what would change, what was found, how far it is. */
import { z } from 'zod';
import { anything, document, summaryOfChecks } from './base.js';

const operation = z.enum(['create', 'update', 'delete', 'none']);

const difference = z.looseObject({ path: z.string(), from: anything, to: anything });

const finding = z.looseObject({
  id: z.string(),
  severity: z.enum(['warn', 'fail']),
  what: z.string(),
  fix: z.string(),
});

export const answers = {
  Change: document('Change', {
    op: operation,
    ref: z.string().describe('kind and name: org/acme'),
    before: anything,
    after: anything,
    audit: z.string().nullish().describe('id of the audit entry; null when nothing changed'),
    dry_run: z.boolean(),
  }),
  Plan: document('Plan', {
    summary: z.object({ create: z.int(), update: z.int(), delete: z.int(), none: z.int() }),
    actions: z.array(
      z.looseObject({
        op: operation,
        ref: z.string(),
        diff: z.array(difference).optional(),
        danger: z.enum(['none', 'mild', 'moderate', 'severe']).optional(),
      }),
    ),
    hash: z.string().describe('of the state the plan was made from'),
  }),
  Bulk: document('Bulk', {
    done: z.array(z.looseObject({ ref: z.string() })),
    failed: z.array(z.looseObject({ ref: z.string(), error: z.looseObject({ code: z.string() }) })),
    summary: z.object({ done: z.int(), failed: z.int() }),
  }),
  Report: document('Report', {
    check: z.string(),
    ok: z.boolean(),
    findings: z.array(finding),
    summary: z.looseObject(summaryOfChecks.shape),
  }),
  Operation: document('Operation', {
    id: z.string(),
    verb: z.string(),
    state: z.enum(['running', 'completed', 'failed', 'canceled']),
    done: z.number(),
    total: z.number().nullable(),
    eta_ms: z.number().nullable(),
    resume: z.string().optional(),
    result: anything,
  }),
};
