/** Compliance: frameworks, their controls, agreements and reports. */
import { z } from 'zod';
import { anything, document, list, row, time } from './base.js';

const counts = z.object({ pass: z.int(), warn: z.int(), fail: z.int() });

const control = z.looseObject({
  id: z.string(),
  title: z.string(),
  citation: z.string().describe('the clause that it answers'),
  enforced: z.string().describe('where'),
  result: z.enum(['pass', 'warn', 'fail']),
  evidence: z.string().describe('what was seen when it was tried'),
  fix: z.string().optional(),
});

const status = {
  framework: z.string(),
  org: z.string(),
  enabled: z.boolean(),
  policy_version: z.int().min(0),
  checked_at: time,
  controls: counts,
  items: z.array(control),
  disabling: z
    .looseObject({
      state: z.enum(['asked', 'approved', 'disabled']),
      asked_at: time,
      asked_by: z.string(),
      reason: z.string(),
      due_at: time,
      approved_at: time.nullable(),
      approved_by: z.string().nullable(),
    })
    .nullable()
    .describe('somebody wants it to end'),
};

const agreement = {
  id: z.string(),
  org: z.string(),
  counterparty: z.string(),
  signed_on: z.iso.date(),
  expires_on: z.iso.date(),
  state: z.enum(['signed', 'expiring', 'expired']),
  file: z.object({ name: z.string(), sha256: z.string(), bytes: z.int() }),
  created_at: time,
  created_by: z.string(),
};

export const compliance = {
  SubjectExport: document('SubjectExport', {
    person: z.string(),
    path: z.string(),
    encrypted_to: z.array(z.string()),
    record_count: z.record(z.string(), z.int()),
    files: z.array(
      z.looseObject({ name: z.string(), rows: z.int(), size_bytes: z.int(), sha256: z.string() }),
    ),
  }),
  ComplianceStatus: document('ComplianceStatus', status),
  ComplianceStatusList: list('ComplianceStatusList', row(status)),
  FrameworkList: list(
    'FrameworkList',
    row({
      framework: z.string(),
      title: z.string(),
      authority: z.string(),
      settings: anything,
      regions: z.array(z.string()),
      controls: z.array(z.looseObject({ id: z.string(), citation: z.string() })),
    }),
  ),
  Baa: document('Baa', agreement),
  BaaList: list('BaaList', row(agreement)),
  ComplianceReport: document('ComplianceReport', {
    org: z.string(),
    region: z.string(),
    generated_at: time,
    since: time,
    notice: z.string(),
    frameworks: z.array(z.looseObject({ framework: z.string(), controls: counts })),
    exceptions: z.record(z.string(), z.string()),
    baa: z.looseObject({ state: z.string() }),
    policies: z.array(z.looseObject({ version: z.int(), hash: z.string() })),
    evidence: z.array(z.looseObject({ control: z.string(), at: time, result: z.string() })),
    evidence_truncated: z.boolean(),
  }),
};
