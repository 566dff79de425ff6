/** Statements about the devices of clients. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';

export interface DeviceNote {
  organization: string;
  principal: string;
  device: string;
  at: Date;
  acknowledged: number;
  upToDate: boolean;
  doctypes: readonly string[];
  queueDepth: number | undefined;
  isResync: boolean;
}

/** What operators want of a device. */
export interface DeviceWishes {
  resync_wanted: boolean;
  /** Number of the last replay, and what is to be sent once more. */
  replay: number;
  replay_after: number | null;
  replay_up_to: number | null;
  replay_doctypes: string[] | null;
}

const noWishes: DeviceWishes = {
  resync_wanted: false,
  replay: 0,
  replay_after: null,
  replay_up_to: null,
  replay_doctypes: null,
};

export async function findWishes(
  tx: Tx,
  organization: string,
  principal: string,
  device: string | undefined,
): Promise<DeviceWishes> {
  if (device === undefined) return noWishes;
  const text = `select resync_wanted, replay, replay_after::float8 as replay_after, replay_up_to::float8 as replay_up_to, replay_doctypes
    from sync_device where organization = $1 and principal = $2 and device = $3`;
  const { rows } = await tx.query<DeviceWishes & Record<string, unknown>>(
    text,
    [organization, principal, device],
    'dartwing_sync_wishes',
  );
  return rows[0] ?? noWishes;
}

/**
 * Notes how far a device has come. While it catches up this is written down now and then only; nobody waits for the
 * disk because of it.
 */
export async function noteDevice(tx: Tx, note: DeviceNote): Promise<void> {
  const text = `insert into sync_device as s (organization, principal, device, first_seen, last_pull, acknowledged, up_to_date, doctypes, queue_depth)
    values ($1, $2, $3, $4, $4, $5, $6, $7, coalesce($8::int, 0))
    on conflict (organization, principal, device) do update set last_pull = $4, acknowledged = $5, up_to_date = $6, doctypes = $7,
      queue_depth = coalesce($8, s.queue_depth), resyncs = s.resyncs + $9::int, resync_wanted = s.resync_wanted and $9 = 0
    where $6 or $9 = 1 or s.last_pull is null or s.last_pull < $10`;
  await Promise.all([
    tx.query('set local synchronous_commit = off'),
    tx.query(
      text,
      [
        note.organization,
        note.principal,
        note.device,
        note.at,
        note.acknowledged,
        note.upToDate,
        note.doctypes,
        note.queueDepth ?? null,
        note.isResync ? 1 : 0,
        new Date(note.at.getTime() - limits.deviceNotedMs),
      ],
      'dartwing_sync_device_pull',
    ),
  ]);
}

/** Counts what a device pushed. */
export async function countPush(
  tx: Tx,
  push: {
    organization: string;
    principal: string;
    device: string;
    at: Date;
    queueDepth: number | undefined;
    pushed: number;
    conflicts: number;
    rejected: number;
  },
): Promise<void> {
  const text = `insert into sync_device as s (organization, principal, device, first_seen, last_push, queue_depth, pushed, conflicts, rejected)
    values ($1, $2, $3, $4, $4, coalesce($5::int, 0), $6, $7, $8)
    on conflict (organization, principal, device) do update set last_push = $4, queue_depth = coalesce($5, s.queue_depth), pushed = s.pushed + $6,
      conflicts = s.conflicts + $7, rejected = s.rejected + $8`;
  const { organization, principal, device, at, queueDepth, pushed, conflicts, rejected } = push;
  await tx.query(
    text,
    [organization, principal, device, at, queueDepth ?? null, pushed, conflicts, rejected],
    'dartwing_sync_device_push',
  );
}
