/** Statements that find what is behind a number of the installation: of which organization, and since when. */
import type { Tx } from '../db/index.js';

type Row<T> = T & Record<string, unknown>;

export interface IntegrationCause {
  organization: string;
  provider: string;
  account: string;
  status: string;
  since: Date | null;
  error: string | null;
}

/** Authorizations that do not hold, the oldest trouble first. */
export async function findIntegrations(tx: Tx, max: number): Promise<IntegrationCause[]> {
  const text = `select o.slug as organization, i.provider, i.account, i.status, i.error_code as error,
      coalesce(least(i.expires_at, clock_timestamp()), i.last_health_at, i.last_refreshed_at, i.connected_at) as since
    from organization_integration i join organization o on o.id = i.organization
    where i.status in ('expired', 'error') order by since, 1, 2 limit $1`;
  return (await tx.query<Row<IntegrationCause>>(text, [max])).rows;
}

export interface LineCause {
  organization: string;
  queue: string;
  count: number;
  since: Date | null;
}

/** Whose jobs wait, the longest lines first. */
export async function findLines(tx: Tx, max: number): Promise<LineCause[]> {
  const text = `select coalesce(o.slug, j.organization) as organization, j.queue, j.count, j.since
    from (select organization, queue, count(*)::int as count, min(queued_at) as since from job
      where state = 'queued' group by organization, queue order by 3 desc limit $1) j
    left join organization o on o.id = j.organization order by j.count desc, 1, 2`;
  return (await tx.query<Row<LineCause>>(text, [max])).rows;
}

export interface SyncCause {
  organization: string;
  /** Devices that are online and lack changes. */
  behind: number;
  /** When the oldest change was made that one of them lacks. */
  since: Date | null;
  waiting: number;
  conflicts: number;
}

/** Organizations whose devices are behind, hold operations back, or whose conflicts wait for a decision. */
export async function findSyncTrouble(
  tx: Tx,
  { onlineSeconds, max }: { onlineSeconds: number; max: number },
): Promise<SyncCause[]> {
  const text = `with device as (
      select d.organization, d.queue_depth, (select c.at from document_change c
          where c.organization = d.organization and c.seq > d.acknowledged and (not d.up_to_date or c.at > d.last_pull)
            and c.doctype = any (d.doctypes) order by c.seq limit 1) as lacking
      from sync_device d
      where greatest(d.last_pull, d.last_push) >= clock_timestamp() - $1 * interval '1 second'
    ), behind as (
      select organization, count(lacking)::int as behind, min(lacking) as since, sum(queue_depth)::int as waiting
      from device group by organization
    ), conflict as (
      select organization, count(*)::int as conflicts from sync_conflict where status = 'open' group by organization
    )
    select o.slug as organization, coalesce(b.behind, 0) as behind, b.since, coalesce(b.waiting, 0) as waiting,
      coalesce(c.conflicts, 0) as conflicts
    from behind b full join conflict c using (organization) join organization o on o.id = organization
    where coalesce(b.behind, 0) + coalesce(b.waiting, 0) + coalesce(c.conflicts, 0) > 0
    order by b.since nulls last, c.conflicts desc nulls last, 1 limit $2`;
  return (await tx.query<Row<SyncCause>>(text, [onlineSeconds, max])).rows;
}

export interface ControlCause {
  organization: string;
  control: string;
  evidence: string;
  since: Date;
}

/** Controls that failed when they were tried last. */
export async function findControls(tx: Tx, max: number): Promise<ControlCause[]> {
  const text = `select o.slug as organization, e.control, e.evidence, e.checked_at as since
    from compliance_policy p join organization o on o.id = p.organization
    cross join lateral (
      select distinct on (control) control, result, evidence, checked_at from compliance_evidence
      where organization = p.organization and checked_at > clock_timestamp() - interval '2 days'
      order by control, checked_at desc, id desc) e
    where p.superseded_at is null and cardinality(p.frameworks) > 0 and e.result = 'fail' order by 1, 2 limit $1`;
  return (await tx.query<Row<ControlCause>>(text, [max])).rows;
}

export interface MailCause {
  organization: string;
  count: number;
  since: Date;
  error: string | null;
}

/** Whose mail waits, and what the server said of it last. */
export async function findMail(tx: Tx, max: number): Promise<MailCause[]> {
  const text = `select o.slug as organization, m.count, m.since, m.error
    from (select organization, count(*)::int as count, min(created_at) as since, max(last_error) as error
      from outgoing_mail where status = 'queued' group by organization order by 3 limit $1) m
    join organization o on o.id = m.organization order by m.since, 1`;
  return (await tx.query<Row<MailCause>>(text, [max])).rows;
}
