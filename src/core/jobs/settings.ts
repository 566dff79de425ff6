/** Queues, limits of organizations, types and workers, as operators see and set them. */
import { z } from 'zod';
import { authorize, recordAct, type Scope } from '../access/index.js';
import { stageAudit, systemOrganization } from '../audit/index.js';
import { DartwingError } from '../errors.js';
import { parseInput } from '../input.js';
import { limits } from '../limits.js';
import { type QueueName, queueNames, type Registry, type StoredType } from './definition.js';
import type { JobDoorbell } from './doorbell.js';
import { countFull, countQueues } from './read-queries.js';
import {
  findLimit,
  type LimitRow,
  listQueues,
  listWorkers,
  type QueueRow,
  updateQueue,
  upsertLimit,
} from './settings-queries.js';
import { listTypes, setTypeEnabled } from './type-queries.js';

/** The document `Queue`. */
export interface QueueDocument {
  kind: 'Queue';
  name: QueueName;
  paused: boolean;
  paused_until: string | null;
  paused_reason: string | null;
  paused_by: string | null;
  /** Slots of each worker. */
  concurrency: number;
  timeout_seconds: number;
  /** Waiting jobs of one organization; null is unlimited. */
  queued_max: number | null;
  /** Starts of one organization; null is unlimited. */
  per_minute: number | null;
  retry_delays_seconds: number[];
  pending: number;
  queued: number;
  running: number;
  /** Wait for another attempt. */
  failed: number;
  dead_letter: number;
  oldest_ms: number | null;
  throughput_1m: number;
  orgs_at_limit: number;
}

export interface QueueList {
  api_version: 'dartwing/v1';
  kind: 'QueueList';
  items: QueueDocument[];
}

export async function listQueueDocuments(scope: Scope): Promise<QueueList> {
  authorize(scope, 'administer', { doctype: 'Job Queue', name: '*' });
  const [rows, counts, full] = await Promise.all([
    listQueues(scope.tx),
    countQueues(scope.tx, undefined),
    countFull(scope.tx),
  ]);
  const items = rows.map((row): QueueDocument => {
    const { queue: _, ...count } = counts.find(({ queue }) => queue === row.name)!;
    const orgs_at_limit = full.find(({ queue }) => queue === row.name)?.full ?? 0;
    return { ...queueDocument(row), ...count, orgs_at_limit };
  });
  return { api_version: 'dartwing/v1', kind: 'QueueList', items };
}

/** @throws QUEUE_NOT_FOUND */
export async function showQueue(scope: Scope, name: string): Promise<QueueDocument> {
  requireQueue(name);
  return (await listQueueDocuments(scope)).items.find((queue) => queue.name === name)!;
}

function queueDocument(row: QueueRow) {
  return {
    kind: 'Queue' as const,
    name: row.name,
    paused: row.is_paused,
    paused_until: row.is_paused ? (row.paused_until?.toISOString() ?? null) : null,
    paused_reason: row.is_paused ? row.paused_reason : null,
    paused_by: row.is_paused ? row.paused_by : null,
    concurrency: row.concurrency,
    timeout_seconds: row.timeout_ms / 1_000,
    queued_max: row.queued_max,
    per_minute: row.per_minute,
    retry_delays_seconds: row.delays_ms.map((ms) => Number(ms) / 1_000),
  };
}

/** Keeps workers from taking jobs of a queue; what runs goes on. @throws QUEUE_NOT_FOUND, REASON_REQUIRED */
export async function pauseQueue(
  scope: Scope,
  doorbell: JobDoorbell,
  name: string,
  until?: Date,
): Promise<QueueDocument> {
  const reason = scope.reason?.trim();
  if (!reason) throw new DartwingError('REASON_REQUIRED', { action: 'Pausing a queue' });
  if (until !== undefined && until <= scope.clock.now())
    throw new DartwingError('VALIDATION_ERROR', { message: 'until lies in the past' });
  const changes = {
    paused_at: scope.clock.now(),
    paused_until: until ?? null,
    paused_reason: reason,
    paused_by: scope.principal.id,
  };
  return change(scope, doorbell, name, 'queue.pause', changes);
}

/** @throws QUEUE_NOT_FOUND */
export async function resumeQueue(scope: Scope, doorbell: JobDoorbell, name: string): Promise<QueueDocument> {
  const changes = { paused_at: null, paused_until: null, paused_reason: null, paused_by: null };
  return change(scope, doorbell, name, 'queue.resume', changes);
}

/** What can be set of a queue; null lifts a limit. */
export interface QueueSettings {
  concurrency?: number | undefined;
  timeoutMs?: number | undefined;
  queuedMax?: number | null | undefined;
  perMinute?: number | null | undefined;
  delaysMs?: readonly number[] | undefined;
}

const count = z.int().min(1).max(1_000_000);
const settingsSchema = z.strictObject({
  concurrency: z.int().min(1).max(1_000).optional(),
  timeoutMs: z.int().min(1).max(limits.jobTimeoutMsMax).optional(),
  queuedMax: count.nullable().optional(),
  perMinute: count.nullable().optional(),
  delaysMs: z.array(z.int().min(0).max(limits.jobDelayMsMax)).max(limits.jobRetriesMax).optional(),
});

/** @throws QUEUE_NOT_FOUND, VALIDATION_ERROR */
export async function setQueue(
  scope: Scope,
  doorbell: JobDoorbell,
  name: string,
  settings: QueueSettings,
): Promise<QueueDocument> {
  const { concurrency, timeoutMs, queuedMax, perMinute, delaysMs } = parseInput(
    settingsSchema,
    defined(settings),
  );
  const changes = defined({
    concurrency,
    timeout_ms: timeoutMs,
    queued_max: queuedMax,
    per_minute: perMinute,
    delays_ms: delaysMs?.map(String),
  });
  if (Object.keys(changes).length === 0)
    throw new DartwingError('VALIDATION_ERROR', { message: 'Nothing to set was given' });
  return change(scope, doorbell, name, 'queue.set', changes);
}

async function change(
  scope: Scope,
  doorbell: JobDoorbell,
  name: string,
  action: string,
  changes: Partial<Omit<QueueRow, 'name' | 'is_paused'>>,
): Promise<QueueDocument> {
  requireQueue(name);
  authorize(scope, 'administer', { doctype: 'Job Queue', name });
  const before = (await listQueues(scope.tx)).find((row) => row.name === name)!;
  const after = (await updateQueue(scope.tx, name, changes))!;
  doorbell.tellAfter(scope.tx, { kind: 'settings' });
  await recordSystem(
    scope,
    action,
    { doctype: 'Job Queue', name },
    queueDocument(before),
    queueDocument(after),
  );
  return showQueue(scope, name);
}

/** Limits of one organization in one queue; null holds what the queue or the tier says. */
export interface OrganizationLimit {
  kind: 'JobLimit';
  organization: string;
  queue: QueueName;
  running_max: number | null;
  queued_max: number | null;
  per_minute: number | null;
  /** Share of the slots against others; by tier 1, 2 or 4. */
  weight: number | null;
}

const limitSchema = z.strictObject({
  runningMax: count.nullable().optional(),
  queuedMax: count.nullable().optional(),
  perMinute: count.nullable().optional(),
  weight: z.number().min(0.01).max(1_000).nullable().optional(),
});
export type LimitSettings = z.input<typeof limitSchema>;

/** @throws QUEUE_NOT_FOUND, VALIDATION_ERROR, PERMISSION_DENIED */
export async function limitOrganization(
  scope: Scope,
  doorbell: JobDoorbell,
  organization: string,
  queue: string,
  settings: LimitSettings,
): Promise<OrganizationLimit> {
  requireQueue(queue);
  authorize(scope, 'administer', { doctype: 'Job Queue', name: queue, organization });
  const { runningMax, queuedMax, perMinute, weight } = parseInput(limitSchema, defined(settings));
  const before = await findLimit(scope.tx, organization, queue);
  const none = { running_max: null, queued_max: null, per_minute: null, weight: null };
  const after: LimitRow = {
    ...none,
    ...before,
    ...defined({ running_max: runningMax, queued_max: queuedMax, per_minute: perMinute, weight }),
    organization,
    queue: queue as QueueName,
  };
  await upsertLimit(scope.tx, after, scope.principal.id);
  doorbell.tellAfter(scope.tx, { kind: 'settings' });
  await recordAct(
    scope,
    organization,
    'job.limit',
    { doctype: 'Job Queue', name: queue },
    {
      old: before ?? null,
      new: after,
    },
  );
  return { kind: 'JobLimit', ...after };
}

/** The document `JobType`. */
export interface JobTypeDocument extends StoredType {
  kind: 'JobType';
  /** This process can run it. */
  is_defined: boolean;
}

/** Types that this process defines or workers registered. */
export async function listJobTypes(scope: Scope, registry: Registry): Promise<JobTypeDocument[]> {
  authorize(scope, 'read', { doctype: 'Job Type', name: '*' });
  const rows = new Map((await listTypes(scope.tx)).map((row) => [row.name, row]));
  for (const { stored } of registry.all())
    rows.set(stored.name, {
      ...stored,
      is_enabled: stored.is_enabled && (rows.get(stored.name)?.is_enabled ?? true),
    });
  return [...rows.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((row) => ({ kind: 'JobType', ...row, is_defined: registry.find(row.name) !== undefined }));
}

/** Lets a type be submitted, or not. @throws JOB_TYPE_UNKNOWN (no worker registered it) */
export async function enableType(scope: Scope, name: string, isEnabled: boolean): Promise<void> {
  authorize(scope, 'administer', { doctype: 'Job Type', name });
  const before = await setTypeEnabled(scope.tx, name, isEnabled);
  if (before === undefined)
    throw new DartwingError('JOB_TYPE_UNKNOWN', { type: name.slice(0, 80), suggestion: '' });
  const ref = { doctype: 'Job Type', name };
  await recordSystem(
    scope,
    isEnabled ? 'type.enable' : 'type.disable',
    ref,
    { is_enabled: before },
    { is_enabled: isEnabled },
  );
}

/** The document `Worker`. */
export interface WorkerDocument {
  kind: 'Worker';
  id: string;
  name: string;
  host: string;
  pid: number;
  state: 'alive' | 'draining' | 'silent';
  slots: Record<string, number>;
  started_at: string;
  seen_at: string;
  stats: Record<string, unknown>;
}

export async function listWorkerDocuments(scope: Scope): Promise<WorkerDocument[]> {
  authorize(scope, 'administer', { doctype: 'Job Worker', name: '*' });
  return (await listWorkers(scope.tx)).map((row) => ({
    kind: 'Worker',
    id: row.id,
    name: row.name,
    host: row.host,
    pid: row.pid,
    state: row.silent_ms > limits.jobLeaseMs ? 'silent' : row.draining ? 'draining' : 'alive',
    slots: row.slots,
    started_at: row.started_at.toISOString(),
    seen_at: row.seen_at.toISOString(),
    stats: row.stats,
  }));
}

/** An act upon the installation, not upon an organization. */
export function recordSystem(
  scope: Scope,
  action: string,
  ref: { doctype: string; name: string },
  old: unknown,
  current: unknown,
): Promise<string> {
  return stageAudit(scope.tx, {
    organization: systemOrganization,
    action,
    actor: scope.principal,
    via: scope.via,
    ref,
    reason: scope.reason,
    requestId: scope.requestId,
    old,
    new: current,
  });
}

function requireQueue(name: string): void {
  if (queueNames.some((known) => known === name)) return;
  throw new DartwingError('QUEUE_NOT_FOUND', { name: name.slice(0, 80), known: queueNames.join(', ') });
}

function defined<T extends object>(given: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof defined<T>
  >;
}
