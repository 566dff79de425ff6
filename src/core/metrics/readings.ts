/** What the database and this process know when somebody asks. */
import { statfs } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../clock.js';
import type { Database, Tx } from '../db/index.js';
import { countFull, countQueues } from '../jobs/index.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import type { BreakerState } from '../tokens/index.js';
import type { MetricName } from './catalogue.js';
import type { Labels, Reading } from './meter.js';
import {
  countConflicts,
  countFailedControls,
  countLostOrganizations,
  countRefreshes,
  listPaused,
  measureIntegrations,
  measureJobs,
  measureLag,
  measureRooms,
  measureServer,
  measureStage,
  measureSync,
  measureTrust,
} from './queries.js';

export interface ReadingParts {
  database: Pick<Database, 'asMachinery' | 'roles' | 'pools'>;
  clock: Clock;
  log: Log;
  /** Name of the local master key, as data keys carry it. */
  masterKeyName: string;
  /** Whether tenants are kept apart as they have to be; throws when they are not, or nobody can tell. */
  ready: () => Promise<void>;
  /** Services that fail, and whether this process calls them. */
  breakers: () => ReadonlyMap<string, BreakerState>;
  /** Folder whose disk is looked at; that of the process unless told. */
  folder?: string | undefined;
}

/** Readings of the installation, remembered for a second: ten scrapers cost the database no more than one. */
export function installationReadings(parts: ReadingParts): () => Promise<Reading[]> {
  const { clock } = parts;
  const isSound = soundness(parts);
  let known: { at: number; readings: Promise<Reading[]> } | undefined;
  return () => {
    const now = clock.monotonicMs();
    if (known === undefined || now - known.at >= limits.metricsKnownMs)
      known = { at: now, readings: readInstallation(parts, isSound) };
    return known.readings;
  };
}

async function readInstallation(
  { database, clock, log, masterKeyName }: ReadingParts,
  isSound: () => Promise<boolean | undefined>,
): Promise<Reading[]> {
  const startedAt = clock.monotonicMs();
  const readings: Reading[] = [];
  const put = (name: MetricName, value: number | null | undefined, labels: Labels = {}): void => {
    if (value !== null && value !== undefined) readings.push({ name, labels, value });
  };
  try {
    const before = clock.now().getTime();
    await database.asMachinery((tx) =>
      readTables(tx, put, masterKeyName, () => (before + clock.now().getTime()) / 2),
    );
    const text = `set local role "${database.roles.sequencer}"`;
    const opening = [{ text, values: [], name: 'dartwing_sequencer' }];
    const { staged, seconds } = await database.asMachinery(measureStage, opening);
    put('dartwing_audit_staged', staged);
    put('dartwing_audit_staged_age_seconds', seconds ?? 0);
  } catch (error) {
    log.warn({ err: error }, 'metrics');
    // Halves of an answer would look like numbers that fell to nothing.
    return [{ name: 'dartwing_database_up', value: 0 }];
  }
  const sound = await isSound();
  put('dartwing_database_isolation_sound', sound === undefined ? undefined : Number(sound));
  put('dartwing_database_up', 1);
  put('dartwing_database_read_seconds', (clock.monotonicMs() - startedAt) / 1_000);
  return readings;
}

type Put = (name: MetricName, value: number | null | undefined, labels?: Labels) => void;

async function readTables(tx: Tx, put: Put, masterKeyName: string, middle: () => number): Promise<void> {
  // In one flight: the connection sends all of them before it waits.
  const [
    server,
    queues,
    full,
    jobs,
    integrations,
    lost,
    refreshes,
    sync,
    lag,
    conflicts,
    rooms,
    paused,
    trust,
    controls,
  ] = await Promise.all([
    measureServer(tx).then((found) => ({ ...found, middle: middle() })),
    countQueues(tx, undefined),
    countFull(tx),
    measureJobs(tx),
    measureIntegrations(tx),
    countLostOrganizations(tx),
    countRefreshes(tx),
    measureSync(tx),
    measureLag(tx),
    countConflicts(tx),
    measureRooms(tx, limits.dataKeyMs),
    listPaused(tx),
    measureTrust(tx, masterKeyName),
    countFailedControls(tx),
  ]);
  put('dartwing_database_clock_skew_seconds', Math.abs(server.now.getTime() - server.middle) / 1_000);
  put('dartwing_database_size_bytes', server.size);
  put('dartwing_database_connections', server.connections);
  put('dartwing_database_connections_max', server.connections_max);
  for (const { queue, pending, queued, running, failed, oldest_ms, dead_letter, throughput_1m } of queues) {
    for (const [state, count] of Object.entries({ pending, queued, running, failed }))
      put('dartwing_job_queue_depth', count, { queue, state });
    put('dartwing_job_oldest_seconds', (oldest_ms ?? 0) / 1_000, { queue });
    put('dartwing_job_dead_letters', dead_letter, { queue });
    put('dartwing_job_completed_per_minute', throughput_1m, { queue });
    const organizations = full.find((one) => one.queue === queue)?.full ?? 0;
    put('dartwing_job_organizations_at_limit', organizations, { queue });
  }
  for (const { queue, paused: is } of paused) put('dartwing_job_queue_paused', Number(is), { queue });
  put('dartwing_jobs_submitted_total', jobs.submitted);
  put('dartwing_job_stuck', jobs.stuck);
  put('dartwing_job_workers', jobs.live, { state: 'live' });
  put('dartwing_job_workers', jobs.silent, { state: 'silent' });
  put('dartwing_job_lost_runs', jobs.lost);
  put('dartwing_job_schedules_late', jobs.late);
  putIntegrations(integrations, put);
  put('dartwing_integration_organizations_lost', lost);
  for (const { provider, result, count } of refreshes)
    put('dartwing_integration_refreshes', count, { provider, result });
  put('dartwing_sync_lag_seconds', lag.p50, { at: 'median' });
  put('dartwing_sync_lag_seconds', lag.p95, { at: 'p95' });
  put('dartwing_sync_lag_seconds', lag.max, { at: 'most' });
  put('dartwing_sync_queue_depth', sync.waiting);
  for (const state of ['online', 'idle', 'stale'] as const)
    put('dartwing_sync_devices', sync[state], { state });
  put('dartwing_sync_changes_total', sync.changes);
  put('dartwing_sync_acknowledged_total', sync.acknowledged);
  put('dartwing_sync_pushed_total', sync.pushed);
  put('dartwing_sync_conflicts_total', sync.conflicts);
  for (const { strategy, count } of conflicts) put('dartwing_sync_conflicts_open', count, { strategy });
  put('dartwing_realtime_outbox_depth', rooms.outbox);
  put('dartwing_realtime_nodes', rooms.nodes);
  put('dartwing_accounts_waiting', rooms.waiting_accounts);
  put('dartwing_data_keys_overdue', rooms.keys_overdue);
  put('dartwing_mail_queued', rooms.mails);
  put('dartwing_mail_oldest_seconds', rooms.mail_seconds ?? 0);
  put('dartwing_audit_head_age_seconds', rooms.head_seconds);
  put('dartwing_audit_trails_broken', trust.broken);
  put('dartwing_data_keys_unusable', trust.unusable);
  for (const { control, count } of controls) put('dartwing_compliance_controls_failed', count, { control });
}

function putIntegrations(found: Awaited<ReturnType<typeof measureIntegrations>>, put: Put): void {
  const next = new Map<string, number>();
  const expiring = new Map<string, number>();
  for (const { provider, status, count, expiring: soon, next_seconds } of found) {
    put('dartwing_integrations', count, { provider, status });
    expiring.set(provider, (expiring.get(provider) ?? 0) + soon);
    if (next_seconds !== null)
      next.set(provider, Math.min(next.get(provider) ?? Number.POSITIVE_INFINITY, next_seconds));
  }
  for (const [provider, count] of expiring) put('dartwing_integrations_expiring', count, { provider });
  for (const [provider, seconds] of next) put('dartwing_integration_expiry_seconds', seconds, { provider });
}

/** Looks once a minute: the catalogue of a database is large, and whoever changes it is seldom in a hurry. */
function soundness({ ready, clock }: ReadingParts): () => Promise<boolean | undefined> {
  let known: { at: number; sound: Promise<boolean | undefined> } | undefined;
  return () => {
    const now = clock.monotonicMs();
    if (known === undefined || now - known.at >= limits.soundnessKnownMs) {
      const sound = ready().then(
        () => true,
        (error: { code?: string }) => (error.code === 'ISOLATION_BROKEN' ? false : undefined),
      );
      known = { at: now, sound };
    }
    return known.sound;
  };
}

/** What the process knows of itself. */
export function processReadings({
  database,
  breakers,
  folder,
}: Pick<ReadingParts, 'database' | 'breakers' | 'folder'>): {
  read: () => Promise<Reading[]>;
  close: () => void;
} {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const read = async (): Promise<Reading[]> => {
    const { user, system } = process.cpuUsage();
    const slow = delay.percentile(99) / 1e9;
    delay.reset();
    const pools = database.pools().flatMap(({ name: pool, size, active, idle, waiting }): Reading[] => [
      { name: 'dartwing_database_pool_connections', labels: { pool, state: 'active' }, value: active },
      { name: 'dartwing_database_pool_connections', labels: { pool, state: 'idle' }, value: idle },
      { name: 'dartwing_database_pool_size', labels: { pool }, value: size },
      { name: 'dartwing_database_pool_waiting', labels: { pool }, value: waiting },
    ]);
    const circuits = [...breakers()].map(([provider, state]): Reading => {
      const value = { closed: 0, half_open: 1, open: 2 }[state];
      return { name: 'dartwing_integration_breaker_state', labels: { provider }, value };
    });
    return [
      ...pools,
      ...circuits,
      { name: 'dartwing_process_resident_memory_bytes', value: process.memoryUsage.rss() },
      { name: 'dartwing_process_cpu_seconds_total', value: (user + system) / 1e6 },
      { name: 'dartwing_process_uptime_seconds', value: process.uptime() },
      {
        name: 'dartwing_process_event_loop_delay_seconds',
        value: Number.isFinite(slow) ? slow : 0,
      },
      ...(await diskReadings(folder)),
    ];
  };
  return { read, close: () => void delay.disable() };
}

async function diskReadings(folder?: string): Promise<Reading[]> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder ?? process.cwd());
    return [
      { name: 'dartwing_process_disk_free_bytes', value: bavail * bsize },
      { name: 'dartwing_process_disk_size_bytes', value: blocks * bsize },
    ];
  } catch {
    // The folder may be gone; the process goes on without it.
    return [];
  }
}
