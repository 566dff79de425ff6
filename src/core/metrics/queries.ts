/** Statements that measure the installation: numbers over all organizations, and nothing that belongs to one. */
import type { Tx } from '../db/index.js';

type Row<T> = T & Record<string, unknown>;

/** A sign of life older than this makes a worker silent; a device that called within five minutes is online. */
const silentSeconds = 20;
const onlineSeconds = 300;
/** Devices whose lag is measured; the ones that called last. */
const devicesMax = 2_000;

export interface JobFacts {
  submitted: number;
  stuck: number;
  lost: number;
  live: number;
  silent: number;
  late: number;
}

export async function measureJobs(tx: Tx): Promise<JobFacts> {
  const text = `select
      coalesce(pg_sequence_last_value('job_series'), 0)::float8 as submitted,
      (select count(*)::int from job where state = 'running'
        and started_at < clock_timestamp() - 2 * timeout_ms * interval '1 millisecond') as stuck,
      (select coalesce(sum(losses), 0)::int from (
        select losses from job where losses > 0
        union all select losses from job_dead_letter where losses > 0 and triage = 'pending') as lost) as lost,
      w.live, w.silent,
      (select count(*)::int from (
        select distinct on (t.schedule) t.error from job_tick t join job_schedule s on s.name = t.schedule
        where t.ended_at is not null order by t.schedule, t.due_at desc) as latest where latest.error is not null) as late
    from (select count(*) filter (where seen_at >= clock_timestamp() - interval '${silentSeconds} seconds')::int as live,
        count(*) filter (where seen_at < clock_timestamp() - interval '${silentSeconds} seconds')::int as silent
      from job_worker) w`;
  return (await tx.query<Row<JobFacts>>(text, [], 'dartwing_metrics_jobs')).rows[0]!;
}

/** Queues whose jobs nobody takes for now. */
export async function listPaused(tx: Tx): Promise<{ queue: string; paused: boolean }[]> {
  const text = `select name as queue, paused_at is not null and (paused_until is null or paused_until > clock_timestamp()) as paused
    from job_queue order by name`;
  return (await tx.query<{ queue: string; paused: boolean }>(text, [], 'dartwing_metrics_paused')).rows;
}

export interface ServerFacts {
  now: Date;
  size: number;
  connections: number;
  connections_max: number;
}

export async function measureServer(tx: Tx): Promise<ServerFacts> {
  const text = `select clock_timestamp() as now, pg_database_size(current_database())::float8 as size,
      (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections,
      current_setting('max_connections')::int as connections_max`;
  return (await tx.query<Row<ServerFacts>>(text, [], 'dartwing_metrics_server')).rows[0]!;
}

export interface IntegrationFacts {
  provider: string;
  status: string;
  count: number;
  expiring: number;
  /** Until the next one that cannot be renewed by itself, or was not, ends. */
  next_seconds: number | null;
}

export async function measureIntegrations(tx: Tx): Promise<IntegrationFacts[]> {
  const text = `select provider, status, count(*)::int as count,
      count(*) filter (where expires_at < clock_timestamp() + interval '1 hour')::int as expiring,
      extract(epoch from min(expires_at) - clock_timestamp())::float8 as next_seconds
    from organization_integration where status <> 'disconnected' group by provider, status order by 1, 2`;
  return (await tx.query<Row<IntegrationFacts>>(text, [], 'dartwing_metrics_integrations')).rows;
}

/** Organizations that had authorizations, none of which holds any more. */
export async function countLostOrganizations(tx: Tx): Promise<number> {
  const text = `select count(*)::int as lost from (
      select organization from organization_integration where status <> 'disconnected'
      group by organization having bool_and(status = 'expired')) as gone`;
  return (await tx.query<{ lost: number }>(text, [], 'dartwing_metrics_lost')).rows[0]!.lost;
}

/** Renewals of the last hour by provider and outcome. */
export async function countRefreshes(tx: Tx): Promise<{ provider: string; result: string; count: number }[]> {
  const text = `select i.provider, case when r.outcome in ('ok', 'adopted', 'fenced') then 'ok' else 'failed' end as result,
      count(*)::int as count
    from refresh_attempt r
    join organization_integration i on i.organization = r.organization and i.id = r.integration
    where r.started_at > clock_timestamp() - interval '1 hour' and r.outcome is not null group by 1, 2 order by 1, 2`;
  type Found = { provider: string; result: string; count: number };
  return (await tx.query<Found>(text, [], 'dartwing_metrics_refreshes')).rows;
}

export interface SyncFacts {
  waiting: number;
  online: number;
  stale: number;
  idle: number;
  changes: number;
  acknowledged: number;
  pushed: number;
  conflicts: number;
}

export async function measureSync(tx: Tx): Promise<SyncFacts> {
  const text = `with device as (
      select queue_depth, acknowledged, pushed, conflicts, greatest(last_pull, last_push) as seen from sync_device)
    select coalesce(sum(queue_depth), 0)::float8 as waiting,
      count(*) filter (where seen >= clock_timestamp() - interval '${onlineSeconds} seconds')::int as online,
      count(*) filter (where seen < clock_timestamp() - interval '7 days')::int as stale,
      count(*) filter (where seen < clock_timestamp() - interval '${onlineSeconds} seconds'
        and seen >= clock_timestamp() - interval '7 days')::int as idle,
      (select coalesce(sum(seq), 0)::float8 from document_head) as changes,
      coalesce(sum(acknowledged), 0)::float8 as acknowledged, coalesce(sum(pushed), 0)::float8 as pushed,
      coalesce(sum(conflicts), 0)::float8 as conflicts
    from device`;
  return (await tx.query<Row<SyncFacts>>(text, [], 'dartwing_metrics_sync')).rows[0]!;
}

/** Median, 95th percentile and maximum of how long devices that are online wait for a change they do not have. */
export async function measureLag(tx: Tx): Promise<{ p50: number; p95: number; max: number }> {
  const text = `with online as (
      select s.* from sync_device s
      where greatest(s.last_pull, s.last_push) >= clock_timestamp() - interval '${onlineSeconds} seconds'
      order by greatest(s.last_pull, s.last_push) desc limit ${devicesMax}
    ), lag as (
      select greatest(0, coalesce(extract(epoch from clock_timestamp() - (
        select c.at from document_change c where c.organization = s.organization and c.seq > s.acknowledged
          and (not s.up_to_date or c.at > s.last_pull) and c.doctype = any (s.doctypes) order by c.seq limit 1)), 0)) as seconds
      from online s)
    select coalesce(percentile_disc(0.5) within group (order by seconds), 0)::float8 as p50,
      coalesce(percentile_disc(0.95) within group (order by seconds), 0)::float8 as p95,
      coalesce(max(seconds), 0)::float8 as max from lag`;
  type Lag = { p50: number; p95: number; max: number };
  return (await tx.query<Lag>(text, [], 'dartwing_metrics_lag')).rows[0]!;
}

export async function countConflicts(tx: Tx): Promise<{ strategy: string; count: number }[]> {
  const text = `select strategy, count(*)::int as count from sync_conflict where status = 'open' group by 1 order by 1`;
  return (await tx.query<{ strategy: string; count: number }>(text, [], 'dartwing_metrics_conflicts')).rows;
}

export interface RoomFacts {
  outbox: number;
  nodes: number;
  waiting_accounts: number;
  keys_overdue: number;
  mails: number;
  mail_seconds: number | null;
  head_seconds: number | null;
}

/** @param keyMs life of a data key */
export async function measureRooms(tx: Tx, keyMs: number): Promise<RoomFacts> {
  const text = `select (select count(*)::int from realtime_outbox) as outbox,
      (select count(*)::int from realtime_node where seen_at > clock_timestamp() - interval '2 minutes') as nodes,
      (select count(*)::int from sign_in_failure where wait_until > clock_timestamp()) as waiting_accounts,
      (select count(*)::int from data_key where state = 'active'
        and created_at < clock_timestamp() - $1 * interval '1 millisecond' - interval '2 days') as keys_overdue,
      m.mails, m.mail_seconds,
      (select extract(epoch from clock_timestamp() - max(last_at))::float8 from audit_head) as head_seconds
    from (select count(*)::int as mails, extract(epoch from clock_timestamp() - min(created_at))::float8 as mail_seconds
      from outgoing_mail where status = 'queued') m`;
  return (await tx.query<Row<RoomFacts>>(text, [keyMs], 'dartwing_metrics_rooms')).rows[0]!;
}

/** What waits for its chain. Needs the sequencer's role. */
export async function measureStage(tx: Tx): Promise<{ staged: number; seconds: number | null }> {
  const text = `select count(*)::int as staged, extract(epoch from clock_timestamp() - min(at))::float8 as seconds from audit_stage`;
  type Stage = { staged: number; seconds: number | null };
  return (await tx.query<Stage>(text, [], 'dartwing_metrics_stage')).rows[0]!;
}

export interface TrustFacts {
  /** Null until the trails were verified for the first time. */
  broken: number | null;
  unusable: number;
}

/** @param master name of the local master key */
export async function measureTrust(tx: Tx, master: string): Promise<TrustFacts> {
  const text = `select (select (outcome ->> 'broken')::int from job_tick
        where schedule = 'audit.verification' and ended_at is not null and error is null order by due_at desc limit 1) as broken,
      (select count(*)::int from data_key
        where provider = 'local' and state in ('active', 'decrypt_only') and master <> $1) as unusable`;
  return (await tx.query<Row<TrustFacts>>(text, [master], 'dartwing_metrics_trust')).rows[0]!;
}

/**
 * Failed controls of organizations with a framework in force. Evidence is written once a day at least, so what is older
 * than two days is of a control that is no longer asked for.
 */
export async function countFailedControls(tx: Tx): Promise<{ control: string; count: number }[]> {
  const text = `select e.control, (count(*) filter (where e.result = 'fail'))::int as count from compliance_policy p
    cross join lateral (
      select distinct on (control) control, result from compliance_evidence
      where organization = p.organization and checked_at > clock_timestamp() - interval '2 days'
      order by control, checked_at desc, id desc) e
    where p.superseded_at is null and cardinality(p.frameworks) > 0 group by 1 order by 1`;
  return (await tx.query<{ control: string; count: number }>(text, [], 'dartwing_metrics_controls')).rows;
}
