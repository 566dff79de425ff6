/** One look at the installation, for the screen and for programs. */
import type { AlertDocument } from '../../core/alerts/index.js';
import type { Dartwing } from '../../core/index.js';
import { limits } from '../../core/limits.js';
import type { Reading } from '../../core/metrics/index.js';
import { growthOf, type Read, readerOf } from '../readings.js';

export const panels = ['queues', 'sync', 'tokens', 'alerts'] as const;
export type Panel = (typeof panels)[number];

export interface TopQueue {
  name: string;
  queued: number;
  running: number;
  failed: number;
  dead_letter: number;
  oldest_ms: number;
  per_minute: number;
  paused: boolean;
}

/** The document `TopSample`. Parts of panels that were not asked for are absent. */
export interface TopSample {
  api_version: 'dartwing/v1';
  kind: 'TopSample';
  at: string;
  /** Whose sync and tokens; null for all organizations. */
  org: string | null;
  database: { state: 'ok' | 'failed'; ms: number | null };
  /** null where no Redis is used, or a server is asked. */
  redis: { state: 'ok' | 'failed'; ms: number | null } | null;
  audit: { staged: number; oldest_ms: number };
  workers: { live: number; silent: number };
  queues?: TopQueue[];
  sync?: {
    p95_ms: number;
    max_ms: number;
    online: number;
    total: number;
    queue_depth: number;
    conflicts: number;
    /** Changes to and from devices within the last minute, the busiest first; only of all organizations together. */
    doctypes?: { doctype: string; per_minute: number }[];
  };
  tokens?: { connected: number; expiring: number; expired: number; error: number };
  alerts?: AlertDocument[];
}

/** Looks once. With an organization its devices and authorizations are shown instead of everybody's. */
export async function takeSample(
  dartwing: Pick<Dartwing, 'metrics' | 'alerts' | 'sync' | 'tokens'>,
  {
    organization,
    only,
    now,
    askRedis,
  }: {
    organization?: string | undefined;
    only: readonly Panel[];
    now: () => Date;
    /** Milliseconds until it answered. */
    askRedis?: (() => Promise<number>) | undefined;
  },
): Promise<TopSample> {
  const [readings, redis] = await Promise.all([dartwing.metrics.readings(), redisState(askRedis)]);
  const value = readerOf(readings);
  const isUp = value('dartwing_database_up') === 1;
  const ms = value('dartwing_database_read_seconds') * 1_000;
  const sample: TopSample = {
    api_version: 'dartwing/v1',
    kind: 'TopSample',
    at: now().toISOString(),
    org: organization ?? null,
    database: { state: isUp ? 'ok' : 'failed', ms: isUp ? Math.round(ms) : null },
    redis,
    audit: {
      staged: value('dartwing_audit_staged'),
      oldest_ms: Math.round(value('dartwing_audit_staged_age_seconds') * 1_000),
    },
    workers: {
      live: value('dartwing_job_workers', { state: 'live' }),
      silent: value('dartwing_job_workers', { state: 'silent' }),
    },
  };
  if (!isUp) return sample;
  const wants = (panel: Panel) => only.includes(panel);
  if (wants('queues')) sample.queues = queuesOf(readings, value);
  if (wants('sync'))
    sample.sync =
      organization === undefined
        ? { ...syncOf(value), doctypes: await doctypesOf(dartwing, now()) }
        : await syncIn(dartwing, organization);
  if (wants('tokens'))
    sample.tokens =
      organization === undefined ? tokensOf(value) : await tokensIn(dartwing, organization, now());
  if (wants('alerts')) sample.alerts = await dartwing.alerts.glance();
  return sample;
}

async function redisState(ask: (() => Promise<number>) | undefined): Promise<TopSample['redis']> {
  if (ask === undefined) return null;
  return ask().then(
    (ms) => ({ state: 'ok', ms: Math.round(ms) }),
    () => ({ state: 'failed', ms: null }),
  );
}

const minuteMs = 60_000;
/** Doctypes with a course of their own. */
const doctypesMax = 6;

/** By how much the samples of processes grew; the first of them lies a pause before the minute. */
async function doctypesOf(
  { metrics }: Pick<Dartwing, 'metrics'>,
  now: Date,
): Promise<{ doctype: string; per_minute: number }[]> {
  const since = new Date(now.getTime() - minuteMs - limits.sampleMs);
  const { series } = await metrics.history('dartwing_sync_deltas_total', { since });
  const grown = new Map<string, number>();
  for (const { labels, points } of series) {
    const { doctype = '' } = labels;
    const growth = growthOf(points.map(([, value]) => value));
    grown.set(
      doctype,
      growth.reduce((sum, each) => sum + each, grown.get(doctype) ?? 0),
    );
  }
  return [...grown]
    .map(([doctype, count]) => ({ doctype, per_minute: count }))
    .filter(({ per_minute: count }) => count > 0)
    .sort((a, b) => b.per_minute - a.per_minute || a.doctype.localeCompare(b.doctype))
    .slice(0, doctypesMax);
}

const order = ['critical', 'default', 'bulk'];

function queuesOf(readings: readonly Reading[], value: Read): TopQueue[] {
  const names = readings
    .filter(({ name }) => name === 'dartwing_job_queue_paused')
    .map(({ labels }) => String(labels?.queue))
    .sort((a, b) => order.indexOf(a) - order.indexOf(b));
  return names.map((queue) => {
    const depth = (state: string) => value('dartwing_job_queue_depth', { queue, state });
    return {
      name: queue,
      queued: depth('queued') + depth('pending'),
      running: depth('running'),
      failed: depth('failed'),
      dead_letter: value('dartwing_job_dead_letters', { queue }),
      oldest_ms: Math.round(value('dartwing_job_oldest_seconds', { queue }) * 1_000),
      per_minute: value('dartwing_job_completed_per_minute', { queue }),
      paused: value('dartwing_job_queue_paused', { queue }) === 1,
    };
  });
}

function syncOf(value: Read): NonNullable<TopSample['sync']> {
  return {
    p95_ms: Math.round(value('dartwing_sync_lag_seconds', { at: 'p95' }) * 1_000),
    max_ms: Math.round(value('dartwing_sync_lag_seconds', { at: 'most' }) * 1_000),
    online: value('dartwing_sync_devices', { state: 'online' }),
    total: value('dartwing_sync_devices'),
    queue_depth: value('dartwing_sync_queue_depth'),
    conflicts: value('dartwing_sync_conflicts_open'),
  };
}

async function syncIn(
  { sync }: Pick<Dartwing, 'sync'>,
  organization: string,
): Promise<NonNullable<TopSample['sync']>> {
  const { lag, clients, queue_depth, conflicts } = await sync.status(organization);
  return {
    p95_ms: lag.p95_ms,
    max_ms: lag.max_ms,
    online: clients.online,
    total: clients.total,
    queue_depth,
    conflicts: conflicts.open,
  };
}

function tokensOf(value: Read): NonNullable<TopSample['tokens']> {
  const count = (status: string) => value('dartwing_integrations', { status });
  return {
    connected: count('connected'),
    expiring: value('dartwing_integrations_expiring'),
    expired: count('expired'),
    error: count('error'),
  };
}

async function tokensIn(
  { tokens }: Pick<Dartwing, 'tokens'>,
  organization: string,
  now: Date,
): Promise<NonNullable<TopSample['tokens']>> {
  const { items } = await tokens.list(organization);
  const hour = now.getTime() + 3_600_000;
  const count = (state: string) => items.filter((item) => item.status.state === state).length;
  return {
    connected: count('connected'),
    expiring: items.filter(({ expires_at: at }) => at != null && Date.parse(at) < hour).length,
    expired: count('expired'),
    error: count('error'),
  };
}
