/** Whether a submission is let in: rights, state, keys, repeats, rates and room in the queue. */
import { createHash } from 'node:crypto';
import { authorize, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import type { StoredType } from './definition.js';
import type { QueueDepths } from './depths.js';
import { jobId, jobNumber } from './document.js';
import { takeRate } from './rate-queries.js';
import {
  adoptByHot,
  countWaiting,
  findEnded,
  findKey,
  findTwins,
  insertKey,
  lockHashes,
  type Place,
} from './submit-queries.js';

/** @throws JOB_TYPE_DISABLED, ORGANIZATION_STATE */
export function requireOpen({ slug, org_state: state, is_enabled }: Place, type: StoredType): void {
  if (!type.is_enabled || is_enabled === false)
    throw new DartwingError('JOB_TYPE_DISABLED', { type: type.name });
  if (state !== 'active')
    throw new DartwingError('ORGANIZATION_STATE', { slug, state, action: 'given jobs' });
}

export function mayCreate(scope: Scope, organization: string, type: StoredType): boolean {
  try {
    requirePermission(scope, organization, type);
    return true;
  } catch (error) {
    if (error instanceof DartwingError) return false;
    throw error;
  }
}

export function requirePermission(scope: Scope, organization: string, { permission }: StoredType): void {
  authorize(scope, 'create', {
    doctype: 'Background Job',
    name: '*',
    organization,
    owner: scope.principal.id,
  });
  if (permission === null) return;
  const at = permission.lastIndexOf(':');
  authorize(scope, permission.slice(at + 1), { doctype: permission.slice(0, at), name: '*', organization });
}

/** The id that a key stands for already. @throws IDEMPOTENCY_MISMATCH, VALIDATION_ERROR */
export async function answerOfKey(
  scope: Scope,
  organization: string,
  key: string,
  request: { type: string; texts: readonly string[]; options: object },
): Promise<string | undefined> {
  if (key === '')
    throw new DartwingError('VALIDATION_ERROR', { message: 'An idempotency key has 1 to 200 characters' });
  if (request.texts.length > 1) {
    throw new DartwingError('VALIDATION_ERROR', { message: 'An idempotency key stands for a single job' });
  }
  const asked = createHash('sha256').update(JSON.stringify(request)).digest();
  // A second caller waits here until the first has committed or rolled back.
  if (await insertKey(scope.tx, organization, key, asked)) return undefined;
  const kept = await findKey(scope.tx, organization, key);
  if (kept === undefined || !kept.request.equals(asked))
    throw new DartwingError('IDEMPOTENCY_MISMATCH', { key });
  return kept.number ?? undefined;
}

export async function twinsOf(
  scope: Scope,
  organization: string,
  type: StoredType,
  hashes: readonly (Buffer | null)[],
  isWelcome: boolean,
): Promise<{ ids: string[]; seen: Set<string> }> {
  const wanted = hashes.filter((hash) => hash !== null);
  if (wanted.length === 0) return { ids: [], seen: new Set() };
  await lockHashes(scope.tx, wanted);
  const twins = await findTwins(scope.tx, organization, wanted, type.deduplication_ms);
  const [first] = twins;
  if (first !== undefined && !isWelcome) {
    const id = jobId(first);
    throw new DartwingError(
      'JOB_DUPLICATE',
      { type: type.name, existing_job_id: id, state: first.state },
      { detail: { existing_job_id: id, state: first.state } },
    );
  }
  return {
    ids: twins.map(({ number }) => number),
    seen: new Set(twins.map(({ hash }) => hash!.toString('hex'))),
  };
}

export async function requireRate(
  scope: Scope,
  organization: string,
  type: StoredType,
  count: number,
): Promise<void> {
  if (type.rate === null) return;
  const { count: burst, window_ms } = type.rate;
  const intervalMs = window_ms / burst;
  const waitMs = await takeRate(scope.tx, {
    organization,
    name: `type:${type.name}`,
    count,
    intervalMs,
    burst,
  });
  if (waitMs === undefined) return;
  throw new DartwingError(
    'JOB_RATE_LIMITED',
    { type: type.name, count: burst, window_seconds: window_ms / 1_000 },
    { retryAfterMs: waitMs },
  );
}

export async function requireRoom(
  scope: Scope,
  depths: QueueDepths,
  organization: string,
  { slug, queue, queued_max: max }: Place,
  count: number,
): Promise<void> {
  if (max === null || depths.isFarFrom(organization, queue, max, count)) return;
  const waiting = await countWaiting(scope.tx, organization, queue, max);
  depths.counted(organization, queue, waiting);
  if (waiting + count <= max) return;
  throw new DartwingError('QUEUE_FULL', { slug, queue, max, waiting }, { retryAfterMs: 30_000 });
}

/** Binds to a parent. It is done already, or it holds the child back. @throws JOB_NOT_FOUND, JOB_STATE */
export async function adopt(
  scope: Scope,
  organization: string,
  id: string,
): Promise<{ number: string; isHeld: boolean }> {
  const number = jobNumber(id);
  if ((await adoptByHot(scope.tx, organization, number)) !== undefined) return { number, isHeld: true };
  const ended = await findEnded(scope.tx, organization, number);
  if (ended === undefined) throw new DartwingError('JOB_NOT_FOUND', { id });
  if (ended.state !== 'completed')
    throw new DartwingError('JOB_STATE', { id, state: ended.state, action: 'waited for' });
  return { number, isHeld: false };
}
