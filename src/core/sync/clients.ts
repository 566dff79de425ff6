/** The devices of an organization: how far behind they are, and what waits in them. For operators and supervisors. */
import { authorize, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { parseChoice } from '../input.js';
import { limits } from '../limits.js';
import { countOpen, type DeviceRow, findDevices, findDoctypeLags, wantResync } from './client-queries.js';

/** The document `SyncStatus`. */
export interface SyncStatus {
  api_version: 'dartwing/v1';
  kind: 'SyncStatus';
  org: string;
  /** `late` when a client that is online is more than five minutes behind (requirements §10.8). */
  state: 'ok' | 'late';
  clients: { online: number; stale: number; total: number };
  /** Of clients that are online. */
  lag: { p50_ms: number; p95_ms: number; max_ms: number };
  queue_depth: number;
  /** Conflicts for each operation that was pushed. */
  conflict_rate: number;
  conflicts: { open: number };
  head: number;
}

/** The document `LagList`, the worst first. */
export interface LagList {
  api_version: 'dartwing/v1';
  kind: 'LagList';
  items: LagItem[];
}

/** `oldest_at` is the time of the oldest change that is waited for. */
export interface LagItem {
  ref: string;
  p95_ms: number;
  max_ms: number;
  oldest_at: string | null;
}

/** One device. */
export interface SyncClient {
  device: string;
  principal: string;
  state: 'online' | 'idle' | 'stale';
  lag_ms: number;
  acknowledged: number;
  queue_depth: number;
  pushed: number;
  conflicts: number;
  rejected: number;
  resyncs: number;
  last_pull: string | null;
  last_push: string | null;
}

const onlineMs = 300_000;
const lateMs = 300_000;

/** @throws PERMISSION_DENIED */
export async function syncStatus(scope: Scope): Promise<SyncStatus> {
  const [devices, open] = await Promise.all([
    requireDevices(scope),
    countOpen(scope.tx, scope.tx.organization!),
  ]);
  const clients = devices.map((row) => clientOf(row, scope.clock.now()));
  const online = clients.filter(({ state }) => state === 'online').map(({ lag_ms: lag }) => lag);
  const pushed = clients.reduce((sum, each) => sum + each.pushed, 0);
  const conflicts = clients.reduce((sum, each) => sum + each.conflicts, 0);
  const lag = {
    p50_ms: quantile(online, 0.5),
    p95_ms: quantile(online, 0.95),
    max_ms: Math.max(0, ...online),
  };
  return {
    api_version: 'dartwing/v1',
    kind: 'SyncStatus',
    org: open.slug,
    state: lag.max_ms > lateMs ? 'late' : 'ok',
    clients: {
      online: online.length,
      stale: clients.filter(({ state }) => state === 'stale').length,
      total: clients.length,
    },
    lag,
    queue_depth: clients.reduce((sum, each) => sum + each.queue_depth, 0),
    conflict_rate: pushed === 0 ? 0 : conflicts / pushed,
    conflicts: { open: open.open },
    head: open.head,
  };
}

export interface LagInput {
  /** A row for each client (the rule), for each doctype (`entity` is the same), or one for the organization. */
  by?: (typeof lagGroups)[number] | undefined;
  /** Only clients that called since. */
  since?: Date | undefined;
}

export const lagGroups = ['client', 'doctype', 'entity', 'org'] as const;

/** Lag by client, by doctype or of the organization. @throws VALIDATION_ERROR, PERMISSION_DENIED */
export async function syncLag(scope: Scope, input: LagInput = {}): Promise<LagList> {
  const now = scope.clock.now();
  const by = parseChoice('by', input.by ?? 'client', lagGroups);
  const calledSince = input.since ?? new Date(0);
  if (!(calledSince instanceof Date) || Number.isNaN(calledSince.getTime()))
    throw new DartwingError('VALIDATION_ERROR', { message: 'since is not a time' });
  const rows = await lagRows(scope, by!, calledSince);
  const groups = new Map<string, (Date | null)[]>();
  for (const { ref, since } of rows) groups.set(ref, [...(groups.get(ref) ?? []), since]);
  const items = [...groups].map(([ref, times]): LagItem => {
    const lags = times.map((since) => lagOf(since, now));
    const oldest = times.filter((since) => since !== null).sort((a, b) => a.getTime() - b.getTime())[0];
    return {
      ref,
      p95_ms: quantile(lags, 0.95),
      max_ms: Math.max(0, ...lags),
      oldest_at: oldest?.toISOString() ?? null,
    };
  });
  items.sort((a, b) => b.max_ms - a.max_ms || (a.ref < b.ref ? -1 : 1));
  return { api_version: 'dartwing/v1', kind: 'LagList', items };
}

async function lagRows(
  scope: Scope,
  by: (typeof lagGroups)[number],
  calledSince: Date,
): Promise<{ ref: string; since: Date | null }[]> {
  const organization = scope.tx.organization!;
  const devices = await requireDevices(scope);
  if (by === 'doctype' || by === 'entity') return findDoctypeLags(scope.tx, organization, calledSince);
  const called = devices.filter((row) => lastSeen(row) >= calledSince.getTime());
  const slug = by === 'org' ? (await countOpen(scope.tx, organization)).slug : undefined;
  return called.map(({ device, principal, waiting_since: since }) => ({
    ref: slug ?? `${principal}/${device}`,
    since,
  }));
}

/** Every device, the one last seen first. @throws PERMISSION_DENIED */
export async function listClients(scope: Scope): Promise<SyncClient[]> {
  const now = scope.clock.now();
  return (await requireDevices(scope)).map((row) => clientOf(row, now));
}

/** Makes the next call of a device begin again. @throws SYNC_CLIENT_NOT_FOUND, PERMISSION_DENIED */
export async function resyncClient(scope: Scope, device: string): Promise<number> {
  const organization = scope.tx.organization!;
  const ref = { doctype: 'Sync Client', name: device, organization };
  authorize(scope, 'write', ref);
  const count = await wantResync(scope.tx, organization, device);
  if (count === 0) throw new DartwingError('SYNC_CLIENT_NOT_FOUND', { ref: device.slice(0, 80) });
  await recordAct(scope, organization, 'sync.resync', ref, { new: { resync_wanted: true } });
  return count;
}

async function requireDevices(scope: Scope): Promise<DeviceRow[]> {
  const organization = scope.tx.organization!;
  // Who uses what and when is for those who may write for the organization, not for everybody who reads.
  authorize(scope, 'write', { doctype: 'Sync Client', name: '*', organization });
  return findDevices(scope.tx, organization);
}

function clientOf(row: DeviceRow, now: Date): SyncClient {
  const silent = now.getTime() - lastSeen(row);
  return {
    device: row.device,
    principal: row.principal,
    state: silent <= onlineMs ? 'online' : silent > limits.deviceStaleMs ? 'stale' : 'idle',
    lag_ms: lagOf(row.waiting_since, now),
    acknowledged: row.acknowledged,
    queue_depth: row.queue_depth,
    pushed: row.pushed,
    conflicts: row.conflicts,
    rejected: row.rejected,
    resyncs: row.resyncs,
    last_pull: row.last_pull?.toISOString() ?? null,
    last_push: row.last_push?.toISOString() ?? null,
  };
}

function lastSeen(row: DeviceRow): number {
  return Math.max(row.last_pull?.getTime() ?? 0, row.last_push?.getTime() ?? 0);
}

function lagOf(since: Date | null, now: Date): number {
  return since === null ? 0 : Math.max(0, now.getTime() - since.getTime());
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
