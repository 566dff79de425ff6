/** Submission: in the caller's transaction, so that a job exists exactly when what caused it does. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { authorize, type Principal, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { parseInput } from '../input.js';
import { limits } from '../limits.js';
import type { QueueName, RegisteredType, Registry, StoredType } from './definition.js';
import { queueNames, unknownType } from './definition.js';
import type { QueueDepths } from './depths.js';
import { jobId, jobNumber } from './document.js';
import type { JobDoorbell } from './doorbell.js';
import { fingerprint, inputText } from './fingerprint.js';
import { type Priority, priorities, rankOf } from './priority.js';
import { takeRate } from './rate-queries.js';
import type { JobRow, StoredPrincipal } from './row.js';
import {
  adoptByHot,
  bindKey,
  countWaiting,
  findEnded,
  findKey,
  findPlace,
  findTwins,
  insertJobs,
  insertKey,
  lockHashes,
  type Place,
  typeNames,
} from './submit-queries.js';

/** What may be said of a job besides its type and input. */
export interface SubmitOptions {
  priority?: Priority | undefined;
  queue?: QueueName | undefined;
  /** Id of a job of the same organization that has to be completed first. */
  dependsOn?: string | undefined;
  /** Not before this time. */
  runAt?: Date | undefined;
  /** An equal job that has not ended is the answer instead of an error. */
  ifNotExists?: boolean | undefined;
}

/** What submission needs of the room. */
export interface SubmitDesk {
  registry: Registry;
  doorbell: JobDoorbell;
  depths: QueueDepths;
}

/** What became of each input, in order. */
export interface Submission {
  rows: (JobRow & { slug: string })[];
  /** Ids that existed already: by key, or equal with `ifNotExists`. */
  existing: string[];
}

const optionsSchema = z.strictObject({
  priority: z.enum(priorities).optional(),
  queue: z.enum(queueNames).optional(),
  dependsOn: z.string().max(40).optional(),
  runAt: z.date().optional(),
  ifNotExists: z.boolean().optional(),
});

/**
 * Puts jobs of one type into the line of the transaction's organization.
 * @throws ORGANIZATION_NOT_FOUND, ORGANIZATION_STATE, JOB_TYPE_UNKNOWN, JOB_TYPE_DISABLED, VALIDATION_ERROR,
 * PERMISSION_DENIED, JOB_DUPLICATE, JOB_RATE_LIMITED, QUEUE_FULL, JOB_NOT_FOUND and JOB_STATE (dependsOn),
 * IDEMPOTENCY_MISMATCH
 */
export async function submitJobs(
  scope: Scope,
  desk: SubmitDesk,
  organization: string,
  type: string,
  inputs: readonly unknown[],
  given: SubmitOptions = {},
): Promise<Submission> {
  const { tx } = scope;
  const options = parseInput(optionsSchema, withoutUndefined(given));
  if (inputs.length === 0 || inputs.length > limits.jobBatchMax) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: `One submission holds 1 to ${limits.jobBatchMax} jobs`,
    });
  }
  const registered = desk.registry.find(type);
  const place = await findPlace(tx, organization, type, options.queue ?? registered?.stored.queue ?? null);
  if (place === undefined)
    throw new DartwingError('ORGANIZATION_NOT_FOUND', { ref: organization, suggestion: '' });
  const known = registered?.stored ?? place.definition ?? undefined;
  if (known === undefined) throw unknownType(type, await typeNames(tx));
  const texts = inputs.map((input) => readInput(input, registered));
  requirePermission(scope, organization, known);
  if (!known.is_enabled || place.is_enabled === false) throw new DartwingError('JOB_TYPE_DISABLED', { type });
  if (place.org_state !== 'active') {
    const state = place.org_state;
    throw new DartwingError('ORGANIZATION_STATE', { slug: place.slug, state, action: 'given jobs' });
  }

  const key = scope.idempotencyKey;
  if (key !== undefined) {
    const answer = await answerOfKey(scope, organization, key, { type, texts, options });
    if (answer !== undefined) return { rows: [], existing: [answer] };
  }
  const hashes =
    known.deduplication_ms === 0
      ? texts.map(() => null)
      : texts.map((text) => fingerprint(type, organization, text));
  const twins = await twinsOf(scope, organization, known, hashes, options.ifNotExists ?? false);
  const fresh = texts
    .map((text, index) => ({ text, hash: hashes[index] ?? null }))
    .filter(({ hash }) => {
      if (hash === null) return true;
      const seen = twins.seen.has(hash.toString('hex'));
      twins.seen.add(hash.toString('hex'));
      return !seen;
    });
  if (fresh.length === 0) return { rows: [], existing: twins.ids };
  await requireRate(scope, organization, known, fresh.length);
  await requireRoom(scope, desk, organization, place, fresh.length);
  const parent =
    options.dependsOn === undefined ? undefined : await adopt(scope, organization, options.dependsOn);

  const rows = await insertJobs(tx, {
    organization,
    queue: place.queue,
    type,
    priority: rankOf(options.priority ?? known.priority),
    attemptsMax: 1 + (known.delays_ms ?? place.delays_ms).length,
    timeoutMs: known.timeout_ms ?? place.timeout_ms,
    principal: storedPrincipal(scope.principal),
    owner: scope.principal.id,
    parent: parent?.number ?? null,
    isHeld: parent?.isHeld ?? false,
    runAt: options.runAt ?? null,
    requestId: scope.requestId ?? null,
    inputs: fresh.map(({ text }) => text),
    hashes: fresh.map(({ hash }) => hash),
  });
  if (key !== undefined) await bindKey(tx, rows[0]!, key);
  desk.depths.added(organization, place.queue, rows.length);
  if (!scope.dryRun) desk.doorbell.ringAfter(tx, rows);
  return { rows: rows.map((row) => ({ ...row, slug: place.slug })), existing: twins.ids };
}

function readInput(input: unknown, type: RegisteredType | undefined): string {
  if (type?.input !== undefined) parseInput(type.input, input ?? {});
  return inputText(input);
}

function requirePermission(scope: Scope, organization: string, { permission }: StoredType): void {
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
async function answerOfKey(
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

async function twinsOf(
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

async function requireRate(
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

async function requireRoom(
  scope: Scope,
  { depths }: SubmitDesk,
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
async function adopt(
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

function storedPrincipal({ type, id, key }: Principal): StoredPrincipal {
  return key === undefined ? { type, id } : { type, id, key };
}

function withoutUndefined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
