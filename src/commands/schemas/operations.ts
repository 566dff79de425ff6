/** Metrics and alerts. */
import { z } from 'zod';
import { document, list, row } from '../../core/schemas/index.js';

const metric = {
  name: z.string(),
  type: z.enum(['counter', 'gauge', 'histogram']),
  unit: z.enum(['count', 'seconds', 'bytes', 'state']),
  labels: z.array(z.string()),
  group: z.string(),
  of: z.enum(['installation', 'process']).describe('of the installation: every process tells the same'),
  help: z.string(),
};

const severity = z.enum(['critical', 'warning', 'info']);
const labels = z.record(z.string(), z.string());

const alert = {
  rule: z.string(),
  severity,
  state: z.enum(['pending', 'firing', 'resolved']),
  summary: z.string(),
  labels,
  value: z.number(),
  since: z.string(),
  resolved_at: z.string().nullable(),
  quiet: z.string().nullable().describe('why nobody is told of it'),
  runbook: z.string(),
};

const rule = {
  id: z.string(),
  preset: z.enum(['operations', 'product', 'objectives']),
  group: z.string(),
  summary: z.string(),
  enabled: z.boolean(),
  levels: z.array(
    z.looseObject({
      severity,
      threshold: z.number(),
      for_seconds: z.number(),
      channels: z.array(z.string()),
      promql: z.string(),
    }),
  ),
  keep_seconds: z.number(),
  inhibits: z.array(z.string()),
  runbook: z.string(),
};

const silence = {
  id: z.string(),
  matchers: labels,
  reason: z.string(),
  created_by: z.string(),
  created_at: z.string(),
  until: z.string(),
  ended_at: z.string().nullable(),
};

const points = z.array(z.tuple([z.string(), z.number()])).describe('time and value');

export const operations = {
  Metric: document('Metric', metric),
  MetricList: list('MetricList', row(metric)),
  MetricHistory: document('MetricHistory', {
    name: z.string(),
    type: metric.type,
    unit: metric.unit,
    since: z.string(),
    series: z.array(z.looseObject({ labels, points })),
  }),
  MetricSeriesList: list(
    'MetricSeriesList',
    row({
      labels: z.array(z.string()),
      now: z.number().nullable(),
      min: z.number().nullable(),
      max: z.number().nullable(),
      points: z.int(),
    }),
  ),
  Alert: document('Alert', alert),
  AlertList: list('AlertList', row(alert)),
  AlertRule: document('AlertRule', rule),
  AlertRuleList: list('AlertRuleList', row(rule)),
  AlertSilence: document('AlertSilence', silence),
  AlertSilenceList: list('AlertSilenceList', row(silence)),
  TopSample: document('TopSample', {
    at: z.string(),
    org: z.string().nullable(),
    database: z.looseObject({ state: z.enum(['ok', 'failed']), ms: z.number().nullable() }),
    redis: z.looseObject({ state: z.enum(['ok', 'failed']), ms: z.number().nullable() }).nullable(),
    audit: z.looseObject({ staged: z.number(), oldest_ms: z.number() }),
    workers: z.looseObject({ live: z.number(), silent: z.number() }),
    queues: z
      .array(
        z.looseObject({
          name: z.string(),
          queued: z.number(),
          running: z.number(),
          failed: z.number(),
          dead_letter: z.number(),
          oldest_ms: z.number(),
          per_minute: z.number(),
          paused: z.boolean(),
        }),
      )
      .optional(),
    sync: z
      .looseObject({
        p95_ms: z.number(),
        max_ms: z.number(),
        online: z.number(),
        doctypes: z.array(z.looseObject({ doctype: z.string(), per_minute: z.number() })).optional(),
      })
      .optional(),
    tokens: z.looseObject({ connected: z.number(), expiring: z.number(), error: z.number() }).optional(),
    alerts: z.array(z.looseObject(alert)).optional(),
  }),
  AlertTest: document('AlertTest', {
    rule: z.string(),
    severity,
    steps: z.int(),
    interval_seconds: z.number(),
    states: z.array(
      z.looseObject({
        state: z.literal('firing'),
        labels,
        from_seconds: z.number(),
        to_seconds: z.number(),
      }),
    ),
  }),
};
