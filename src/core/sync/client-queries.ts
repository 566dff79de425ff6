/** Statements about how far devices are behind. */
import type { Tx } from '../db/index.js';

export interface DeviceRow {
  principal: string;
  device: string;
  last_pull: Date | null;
  last_push: Date | null;
  acknowledged: number;
  queue_depth: number;
  pushed: number;
  conflicts: number;
  rejected: number;
  resyncs: number;
  /** Time of the oldest change that the device does not have. */
  waiting_since: Date | null;
}

/** Devices of one answer. */
const devicesMax = 10_000;

export async function findDevices(tx: Tx, organization: string): Promise<DeviceRow[]> {
  const text = `select s.principal, s.device, s.last_pull, s.last_push, s.acknowledged::float8 as acknowledged, s.queue_depth,
      s.pushed::float8 as pushed, s.conflicts::float8 as conflicts, s.rejected::float8 as rejected, s.resyncs,
      (select c.at from document_change c where c.organization = s.organization and c.seq > s.acknowledged
        and (not s.up_to_date or c.at > s.last_pull) and c.doctype = any (s.doctypes) order by c.seq limit 1) as waiting_since
    from sync_device s where s.organization = $1
    order by greatest(s.last_pull, s.last_push) desc nulls last, s.principal, s.device limit $2`;
  return (await tx.query<DeviceRow & Record<string, unknown>>(text, [organization, devicesMax])).rows;
}

/** For each doctype of each device, since when it waits. */
export async function findDoctypeLags(
  tx: Tx,
  organization: string,
  calledSince: Date,
): Promise<{ ref: string; since: Date | null }[]> {
  const text = `select wanted.doctype as ref, (
      select c.at from document_change c where c.organization = s.organization and c.seq > s.acknowledged
        and (not s.up_to_date or c.at > s.last_pull) and c.doctype = wanted.doctype order by c.seq limit 1) as since
    from sync_device s cross join unnest(s.doctypes) as wanted (doctype) where s.organization = $1
      and coalesce(greatest(s.last_pull, s.last_push), 'epoch') >= $3 limit $2`;
  const values = [organization, devicesMax, calledSince];
  return (await tx.query<{ ref: string; since: Date | null }>(text, values)).rows;
}

export async function countOpen(
  tx: Tx,
  organization: string,
): Promise<{ slug: string; open: number; head: number }> {
  const text = `select o.slug, coalesce(h.seq, 0)::float8 as head,
      (select count(*)::int from sync_conflict c where c.organization = o.id and c.status = 'open') as open
    from organization o left join document_head h on h.organization = o.id where o.id = $1`;
  const { rows } = await tx.query<{ slug: string; open: number; head: number }>(text, [organization]);
  return rows[0]!;
}

export async function wantResync(tx: Tx, organization: string, device: string): Promise<number> {
  const text = 'update sync_device set resync_wanted = true where organization = $1 and device = $2';
  return (await tx.query(text, [organization, device])).rowCount;
}
