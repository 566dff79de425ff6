/** Organizations and what belongs to them. */
import { z } from 'zod';
import { anything, document, list, row, time } from './base.js';

const organization = {
  id: z.string().describe('ORG-2026-00001'),
  slug: z.string(),
  name: z.string(),
  type: z.string().describe('family, company, nonprofit or association'),
  region: z.string().nullish(),
  version: z.int().optional(),
  created_at: time.optional(),
  status: z.looseObject({ state: z.string() }),
};

export const tenancy = {
  Org: document('Org', organization),
  OrgList: list('OrgList', row(organization)),
  OrganizationLinks: document('OrganizationLinks', {
    organization: z.string(),
    valid: z.boolean(),
    linked_doctype: z.string().nullable(),
    linked_name: z.string().nullable(),
    problems: z.array(z.looseObject({ id: z.string(), what: z.string() })),
  }),
  Context: document('Context', {
    profile: z.string().nullable(),
    org: z.string().nullable(),
    ms: z.number().optional(),
  }),
  Export: document('Export', {
    org: z.string(),
    slug: z.string(),
    path: z.string(),
    format: z.enum(['json', 'csv']),
    encrypted_to: z.array(z.string()),
    record_count: z.record(z.string(), z.int()),
    files: z.array(
      z.looseObject({ name: z.string(), rows: z.int(), size_bytes: z.int(), sha256: z.string() }),
    ),
  }),
  ExportRow: document('ExportRow', { table: z.string(), row: anything }),
};
