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
import { type JobDocument, jobId, jobNumber } from './document.js';
import type { JobDoorbell } from './doorbell.js';
import { fingerprint, inputText } from './fingerprint.js';
import type { Places } from './places.js';
import { type Priority, priorities, rankOf } from './priority.js';
import { takeRate } from './rate-queries.js';
import type { StoredPrincipal } from './row.js';
import {
  adoptByHot,
  bindKey,
  countWaiting,
  findEnded,
  findKey,
  findPlace,
  findTwins,
  type Inserted,
  insertJobs,
  insertKey,
  lockHashes,
  type NewJobs,
  type Place,
  typeNames,
} from './submit-queries.js';
import { submittedDocuments } from './submitted.js';

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
  places: Places;
  /** Told of jobs that exist from now on. */
  onSubmitted: (batch: SubmittedBatch) => void;
}

/** Jobs of one type that were submitted together. */
export interface SubmittedBatch {
  queue: QueueName;
  type: string;
  count: number;
}

/** What became of each input, in order. */
export interface Submission {
  jobs: JobDocument[];
  /** Numbers of those that existed already: by key, or equal with `ifNotExists`. */
  existing: string[];
}

const optionsSchema = z.strictObject({
  priority: z.enum(priorities).optional(),
  queue: z.enum(queueNames).optional(),
  dependsOn: z.string().max(40).optional(),
  runAt: z.date().optional(),
  ifNotExists: z.boolean().optional(),
});

/** What most submissions say besides. */
const nothingElse: SubmitOptions = Object.freeze({});

/** A submission that was read and found well-formed. */
interface Request {
  options: SubmitOptions;
  registered: RegisteredType | undefined;
  texts: string[];
}

/** @throws VALIDATION_ERROR */
function readRequest(
  registry: Registry,
  type: string,
  inputs: readonly unknown[],
  given: SubmitOptions,
): Request {
  const options = given === nothingElse ? nothingElse : parseInput(optionsSchema, withoutUndefined(given));
  if (inputs.length === 0 || inputs.length > limits.jobBatchMax) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: `One submission holds 1 to ${limits.jobBatchMax} jobs`,
    });
  }
  const registered = registry.find(type);
  return { options, registered, texts: inputs.map((input) => readInput(input, registered)) };
}

/**
 * Submits in one flight where nothing has to be decided in between: the statement that inserts looks itself whether the
 * organization and equal jobs allow it, and the rest was looked up a moment ago.
 * @param isLast the transaction ends with it
 * @returns `unsent` when it takes more than that, `refused` when nothing was inserted: `submitJobs` does it, or finds out why
 * @throws VALIDATION_ERROR
 */
export async function submitAtOnce(
  scope: Scope,
  desk: SubmitDesk,
  organization: string,
  type: string,
  inputs: readonly unknown[],
  given: SubmitOptions = nothingElse,
  isLast = false,
): Promise<Submission | 'unsent' | 'refused'> {
  const { options, registered, texts } = readRequest(desk.registry, type, inputs, given);
  if (registered === undefined || scope.idempotencyKey !== undefined || options.dependsOn !== undefined)
    return 'unsent';
  const known = registered.stored;
  const hashes = hashesOf(known, organization, texts);
  if (!known.is_enabled || known.rate !== null || (options.ifNotExists && known.deduplication_ms > 0))
    return 'unsent';
  const queue = options.queue ?? known.queue;
  const place = desk.places.find(organization, queue, type);
  if (place === undefined || !mayCreate(scope, organization, known)) return 'unsent';
  const max = place.queued_max;
  if (max !== null && !desk.depths.isFarFrom(organization, queue, max, texts.length)) return 'unsent';
  const fresh = withoutTwins(texts, hashes, new Set());
  const wanted = fresh.hashes.filter((hash) => hash !== null);
  const jobs: NewJobs = {
    ...newJobs(scope, organization, known, place, options, fresh),
    twinsMs: wanted.length > 0 ? known.deduplication_ms : 0,
  };
  // Sent before the insert and answered before it.
  const locked = wanted.length > 0 ? lockHashes(scope.tx, wanted) : undefined;
  locked?.catch(() => {});
  const inserted = await insertJobs(scope.tx, jobs, isLast);
  await locked;
  return accepted(scope, desk, jobs, place, inserted, []) ?? 'refused';
}

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
  given: SubmitOptions = nothingElse,
): Promise<Submission> {
  const { tx } = scope;
  const { options, registered, texts } = readRequest(desk.registry, type, inputs, given);
  const place = await findPlace(tx, organization, type, options.queue ?? registered?.stored.queue ?? null);
  if (place === undefined)
    throw new DartwingError('ORGANIZATION_NOT_FOUND', { ref: organization, suggestion: '' });
  const known = registered?.stored ?? place.definition ?? undefined;
  if (known === undefined) throw unknownType(type, await typeNames(tx));
  requirePermission(scope, organization, known);
  requireOpen(place, known);
  desk.places.remember(organization, type, place);

  const key = scope.idempotencyKey;
  if (key !== undefined) {
    const answer = await answerOfKey(scope, organization, key, { type, texts, options });
    if (answer !== undefined) return { jobs: [], existing: [answer] };
  }
  const hashes = hashesOf(known, organization, texts);
  const twins = await twinsOf(scope, organization, known, hashes, options.ifNotExists ?? false);
  const fresh = withoutTwins(texts, hashes, twins.seen);
  if (fresh.texts.length === 0) return { jobs: [], existing: twins.ids };
  await requireRate(scope, organization, known, fresh.texts.length);
  await requireRoom(scope, desk, organization, place, fresh.texts.length);
  const parent =
    options.dependsOn === undefined ? undefined : await adopt(scope, organization, options.dependsOn);

  const jobs: NewJobs = {
    ...newJobs(scope, organization, known, place, options, fresh),
    parent: parent?.number ?? null,
    isHeld: parent?.isHeld ?? false,
  };
  const inserted = await insertJobs(tx, jobs, false);
  const submission = accepted(scope, desk, jobs, place, inserted, twins.ids);
  // It was open a moment ago.
  if (submission === undefined)
    throw new DartwingError('ORGANIZATION_STATE', {
      slug: place.slug,
      state: 'changing',
      action: 'given jobs',
    });
  if (key !== undefined) await bindKey(tx, organization, key, inserted[0]!.number);
  return submission;
}

/** Bell, depth and documents for what was inserted; undefined when nothing was. */
function accepted(
  scope: Scope,
  { depths, doorbell, onSubmitted }: SubmitDesk,
  jobs: NewJobs,
  { slug }: Place,
  inserted: readonly Inserted[],
  existing: string[],
): Submission | undefined {
  const [first] = inserted;
  if (first === undefined) return undefined;
  const { organization, queue, type, priority } = jobs;
  depths.added(organization, queue, inserted.length);
  if (!scope.dryRun) doorbell.ringAfter(scope.tx, [{ organization, queue, priority, turn: first.turn }]);
  scope.tx.afterCommit(() => onSubmitted({ queue, type, count: inserted.length }));
  return { jobs: submittedDocuments(jobs, slug, inserted), existing };
}

function newJobs(
  scope: Scope,
  organization: string,
  type: StoredType,
  place: Place,
  options: SubmitOptions,
  { texts, hashes }: { texts: string[]; hashes: (Buffer | null)[] },
): NewJobs {
  return {
    organization,
    queue: place.queue,
    type: type.name,
    priority: rankOf(options.priority ?? type.priority),
    attemptsMax: 1 + (type.delays_ms ?? place.delays_ms).length,
    timeoutMs: type.timeout_ms ?? place.timeout_ms,
    principal: storedPrincipal(scope.principal),
    owner: scope.principal.id,
    parent: null,
    isHeld: false,
    runAt: options.runAt ?? null,
    requestId: scope.requestId ?? null,
    traceparent: scope.traceparent ?? null,
    inputs: texts,
    hashes,
    twinsMs: 0,
  };
}

function hashesOf(type: StoredType, organization: string, texts: readonly string[]): (Buffer | null)[] {
  return texts.map((text) =>
    type.deduplication_ms === 0 ? null : fingerprint(type.name, organization, text),
  );
}

/** Of inputs that do the same, the first; none that does what was `seen`. */
function withoutTwins(texts: readonly string[], hashes: readonly (Buffer | null)[], seen: Set<string>) {
  const fresh = { texts: [] as string[], hashes: [] as (Buffer | null)[] };
  for (const [index, text] of texts.entries()) {
    const hash = hashes[index] ?? null;
    const name = hash?.toString('hex');
    if (name !== undefined && seen.has(name)) continue;
    if (name !== undefined) seen.add(name);
    fresh.texts.push(text);
    fresh.hashes.push(hash);
  }
  return fresh;
}

/** @throws JOB_TYPE_DISABLED, ORGANIZATION_STATE */
function requireOpen({ slug, org_state: state, is_enabled }: Place, type: StoredType): void {
  if (!type.is_enabled || is_enabled === false)
    throw new DartwingError('JOB_TYPE_DISABLED', { type: type.name });
  if (state !== 'active')
    throw new DartwingError('ORGANIZATION_STATE', { slug, state, action: 'given jobs' });
}

function mayCreate(scope: Scope, organization: string, type: StoredType): boolean {
  try {
    requirePermission(scope, organization, type);
    return true;
  } catch (error) {
    if (error instanceof DartwingError) return false;
    throw error;
  }
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
