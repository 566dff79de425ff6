/** The installation: projects, its database, its health. */
import { z } from 'zod';
import { document, list, row, summaryOfChecks } from '../../core/schemas/index.js';

const template = { name: z.string(), summary: z.string() };

/** What doctor found in one place. */
const check = {
  id: z.string(),
  status: z.enum(['pass', 'warn', 'fail', 'skip']),
  what: z.string(),
};

export const installation = {
  Project: document('Project', {
    dir: z.string(),
    template: z.string(),
    files: z.array(z.string()),
    next: z.array(z.string()),
  }),
  Template: document('Template', template),
  TemplateList: list('TemplateList', row(template)),
  DevReady: document('DevReady', {
    url: z.string(),
    database_url: z.string(),
    engine: z.string(),
    pid: z.int(),
    org: z.string().nullish(),
    data: z.string().optional(),
    token_file: z.string().optional().describe('an API key of the organization, for trying the server out'),
  }),
  ServerReady: document('ServerReady', { url: z.string(), pid: z.int() }),
  DoctorReport: document('DoctorReport', {
    ok: z.boolean(),
    checks: z.array(
      z.looseObject({ ...check, fix: z.array(z.string()).optional(), ms: z.number().optional() }),
    ),
    summary: summaryOfChecks,
  }),
  DoctorCheck: document('DoctorCheck', { ...check, at: z.string() }),
  MigrationRun: document('MigrationRun', {
    from: z.number().nullable(),
    to: z.number().nullable(),
    applied: z.array(
      z.looseObject({ id: z.number(), name: z.string(), breaking: z.boolean(), ms: z.number() }),
    ),
    pending: z.int(),
  }),
  MigrationStatus: document('MigrationStatus', {
    current: z.number().nullable(),
    latest: z.number(),
    pending: z.array(z.looseObject({ id: z.number(), name: z.string(), breaking: z.boolean() })),
  }),
};
