/** Statements of maintenance. */
import type { Tx } from '../db/index.js';
import type { JobKey } from './row.js';

export async function ensurePartitions(tx: Tx, days: number): Promise<void> {
  await tx.query("select ensure_job_history((clock_timestamp() at time zone 'UTC')::date, $1)", [days]);
}

/** Drops days that lie wholly before the retention. Returns how many. */
export async function dropOldPartitions(tx: Tx, days: number): Promise<number> {
  const text = "select drop_job_history((clock_timestamp() at time zone 'UTC')::date - $1::int) as dropped";
  return (await tx.query<{ dropped: number }>(text, [days])).rows[0]!.dropped;
}

/** How many ended jobs are too old. */
export async function countOldHistory(tx: Tx, days: number): Promise<number> {
  const text = `select count(*)::int as count from job_history where ended_at < clock_timestamp() - $1 * interval '1 day'`;
  return (await tx.query<{ count: number }>(text, [days])).rows[0]!.count;
}

/** Deletes what is too old and lies in no day that could be dropped. */
export async function deleteOldHistory(tx: Tx, days: number, count: number): Promise<number> {
  const text = `delete from job_history h using (
      select organization, number, ended_at from job_history
      where ended_at < clock_timestamp() - $1 * interval '1 day' limit $2
    ) old where h.organization = old.organization and h.number = old.number and h.ended_at = old.ended_at`;
  return (await tx.query(text, [days, count])).rowCount;
}

export async function deleteDecided(tx: Tx, days: number): Promise<number> {
  const text = `delete from job_dead_letter where triage in ('resolved', 'ignored')
    and triage_at < clock_timestamp() - $1 * interval '1 day'`;
  return (await tx.query(text, [days])).rowCount;
}

export async function deleteOldKeys(tx: Tx): Promise<void> {
  await tx.query("delete from job_key where at < clock_timestamp() - interval '1 day'");
  await tx.query("delete from job_progress where at < clock_timestamp() - interval '1 day'");
  await tx.query("delete from job_rate where arrival < clock_timestamp() - interval '1 day'");
}

/** Jobs that ended, or are gone, while a child still waits for them. */
export async function findForgottenParents(tx: Tx, count: number): Promise<(JobKey & { state: string })[]> {
  const text = `select distinct c.organization, c.parent as number, coalesce(
      (select h.state from job_history h where h.organization = c.organization and h.number = c.parent limit 1),
      (select d.state from job_dead_letter d where d.organization = c.organization and d.number = c.parent), 'dead_letter') as state
    from job c where c.parent is not null and c.state = 'pending' and c.due_at is null
      and not exists (select from job p where p.organization = c.organization and p.number = c.parent) limit $1`;
  return (await tx.query<JobKey & { state: string }>(text, [count])).rows;
}

/** Organizations with jobs that can never run: dissolved or purged. */
export async function findOrphans(tx: Tx): Promise<string[]> {
  const text = `select distinct j.organization from job j left join organization o on o.id = j.organization
    where o.id is null or o.status = 'dissolved' limit 500`;
  return (await tx.query<{ organization: string }>(text)).rows.map(({ organization }) => organization);
}
