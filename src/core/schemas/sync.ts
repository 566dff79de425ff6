/** Sync: pages, batches, clients, conflicts. */
import { z } from 'zod';
import { anything, document, list, row, time } from './base.js';

const fields = z.record(z.string(), anything);

const feedRow = {
  doctype: z.string(),
  name: z.string(),
  version: z.int(),
  seq: z.number(),
  modified: time,
  docstatus: z.literal(0),
  deleted: z.boolean(),
  reason: z.literal('revoked').optional(),
  data: fields.nullable(),
};

const result = {
  id: z.string().nullable(),
  op: z.string(),
  doctype: z.string(),
  name: z.string().nullable(),
  status: z.enum(['success', 'conflict', 'error']),
  outcome: z.enum(['applied', 'merged', 'unchanged', 'server_wins', 'conflict', 'rejected', 'blocked']),
  version: z.int(),
  deleted: z.boolean(),
  server_ts: time,
  resolved_doc: fields.nullable(),
};

const conflict = {
  id: z.string().describe('CF-00042'),
  entity: z.string(),
  row: z.string(),
  op: z.string(),
  rule: z.string(),
  fields: z.array(z.string()),
  base: fields.nullable(),
  base_version: z.int(),
  server: fields.nullable(),
  server_version: z.int(),
  client: fields.nullable(),
  decisions: z.array(fields),
  by: z.string(),
  device: z.string().nullable(),
  opened_at: time,
  status: z.looseObject({
    state: z.enum(['open', 'auto', 'resolved']),
    auto_at: time.nullable(),
    resolved_at: time.nullable(),
    resolved_by: z.string().nullable(),
    decision: z.string().nullable(),
    version: z.int().nullable(),
    reason: z.string().nullable(),
  }),
};

const lag = {
  ref: z.string(),
  p95_ms: z.number(),
  max_ms: z.number(),
  oldest_at: time.nullable().describe('time of the oldest change that is waited for'),
};

const doctype = {
  doctype: z.string(),
  version: z.int(),
  module: z.string(),
  description: z.string(),
  title_field: z.string().nullable(),
  naming: z.looseObject({ rule: z.enum(['client', 'series', 'record']) }),
  owner_field: z.string().nullable(),
  fields: z.array(z.looseObject({ name: z.string(), type: z.string(), required: z.boolean() })),
  permissions: fields,
  conflicts: fields.nullable(),
  indexes: z.array(z.string()),
  retention: z.looseObject({ tombstone_days: z.int() }),
  read_only: z.boolean(),
  fingerprint: z.string(),
};

const doc = {
  doctype: z.string(),
  name: z.string(),
  organization: z.string(),
  version: z.int(),
  owner: z.string().nullable(),
  deleted: z.boolean(),
  created_at: time,
  created_by: z.string(),
  modified_at: time,
  modified_by: z.string(),
  data: fields,
};

const ruleSet = {
  entity: z.string(),
  strategy: z.string(),
  rules: fields.describe('what holds'),
  fingerprint: z.string(),
  override: fields.nullable().describe('what the organization changed'),
  set_at: time.nullable(),
  set_by: z.string().nullable(),
  reason: z.string().nullable(),
};

export const sync = {
  SyncRuleSet: document('SyncRuleSet', ruleSet),
  SyncRuleSetList: list('SyncRuleSetList', row(ruleSet)),
  Document: document('Document', doc),
  DocumentList: list('DocumentList', row(doc)),
  Doctype: document('Doctype', doctype),
  DoctypeList: list('DoctypeList', row(doctype)),
  FeedRow: document('FeedRow', { ...feedRow, next_since: z.string() })
    .partial()
    .required({ api_version: true, kind: true }),
  FeedPage: z.looseObject({
    protocol: z.literal(1),
    organization: z.string(),
    resets: z.array(z.looseObject({ doctype: z.string(), reason: z.string() })),
    rows: z.array(row(feedRow)),
    next_since: z.string(),
    has_more: z.boolean(),
    watermark: z.number(),
    server_ts: time,
    schemas: z.record(z.string(), z.int()),
  }),
  PushAnswer: z.looseObject({
    protocol: z.literal(1),
    organization: z.string(),
    results: z.array(row(result)),
    renamed: z.record(z.string(), z.string()),
    watermark: z.number(),
    server_ts: time,
  }),
  SyncStatus: document('SyncStatus', {
    org: z.string(),
    state: z.enum(['ok', 'late']),
    clients: z.looseObject({ online: z.int(), stale: z.int(), total: z.int() }),
    lag: z.looseObject({ p50_ms: z.number(), p95_ms: z.number(), max_ms: z.number() }),
    queue_depth: z.number(),
    conflict_rate: z.number(),
    conflicts: z.looseObject({ open: z.int() }),
    head: z.number(),
  }),
  LagList: document('LagList', { items: z.array(row(lag)), total_count: z.int().min(0).optional() }),
  Conflict: document('Conflict', conflict),
  ConflictList: list('ConflictList', row(conflict)),
  Simulation: document('Simulation', {
    seed: z.int(),
    histories: z.int(),
    merged: z.int(),
    conflicts: z.array(
      z.strictObject({
        doctype: z.string(),
        name: z.string(),
        rule: z.string(),
        fields: z.array(z.string()),
        state: z.string(),
        decision: z.string().nullable(),
      }),
    ),
    refused: z.array(
      z.strictObject({
        device: z.string(),
        op: z.string(),
        doctype: z.string(),
        name: z.string(),
        code: z.string(),
        message: z.string(),
      }),
    ),
    dropped: z.int(),
    converged: z.boolean(),
    problems: z.array(z.string()),
    documents: z.array(
      z.strictObject({
        doctype: z.string(),
        name: z.string(),
        version: z.int(),
        data: z.record(z.string(), z.json()),
      }),
    ),
    failure: z
      .strictObject({
        seed: z.int(),
        devices: z.int(),
        steps: z.array(z.record(z.string(), z.json())),
      })
      .nullable(),
  }),
  SyncCompaction: document('SyncCompaction', {
    changes: z.int(),
    tombstones: z.int(),
    operations: z.int(),
    min_retained: z.number(),
  }),
};
