/** Submission: in the caller's transaction, so that a job exists exactly when what caused it does. */
import { z } from 'zod';
import type { Principal, Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { parseInput } from '../input.js';
import { limits } from '../limits.js';
import {
  adopt,
  answerOfKey,
  mayCreate,
  requireOpen,
  requirePermission,
  requireRate,
  requireRoom,
  twinsOf,
} from './admission.js';
import type { QueueName, RegisteredType, Registry, StoredType } from './definition.js';
import { queueNames, unknownType } from './definition.js';
import type { QueueDepths } from './depths.js';
import type { JobDocument } from './document.js';
import type { JobDoorbell } from './doorbell.js';
import { fingerprint, inputText } from './fingerprint.js';
import type { Places } from './places.js';
import { type Priority, priorities, rankOf } from './priority.js';
import type { StoredPrincipal } from './row.js';
import {
  bindKey,
  findPlace,
  type Inserted,
  insertJobs,
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
  await requireRoom(scope, desk.depths, organization, place, fresh.texts.length);
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

function readInput(input: unknown, type: RegisteredType | undefined): string {
  if (type?.input !== undefined) parseInput(type.input, input ?? {});
  return inputText(input);
}

function storedPrincipal({ type, id, key }: Principal): StoredPrincipal {
  return key === undefined ? { type, id } : { type, id, key };
}

function withoutUndefined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
