/** Dead letters: jobs that need a decision. They are looked at by class, replayed, resolved or discarded. */
import { authorize, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { parseChoice, parseInput } from '../input.js';
import { limits } from '../limits.js';
import {
  countDeadLetters,
  type DeadLetterFilter,
  databaseNow,
  type GroupBy,
  groupDeadLetters,
  lockDeadLetter,
  pageDeadLetters,
  revive,
  setTriage,
} from './dead-letter-queries.js';
import { type QueueName, queueNames, type Registry } from './definition.js';
import { type JobDocument, jobDocument, jobId } from './document.js';
import type { JobDoorbell } from './doorbell.js';
import { inputText } from './fingerprint.js';
import { findJob } from './read-queries.js';
import { refOf } from './rights.js';
import type { JobRow } from './row.js';
import { openTransitions, type Transition } from './states.js';

/** Dead letters with type, error or organization in common. */
export interface DeadLetterClass {
  type: string | null;
  error: string | null;
  /** Message of one of them. */
  message: string | null;
  organization: string | null;
  org: string | null;
  count: number;
  oldest: string;
  newest: string;
  /** Id of the newest. */
  sample: string;
}

/** The document `DeadLetterList`. */
export interface DeadLetterList {
  api_version: 'dartwing/v1';
  kind: 'DeadLetterList';
  items: DeadLetterClass[];
  /** Dead letters that wait for a decision, of the organization asked for or of all. */
  total: number;
  /** There are more than `limits.deadLettersMax`. */
  is_alert: boolean;
}

export interface DeadLetterQuery {
  type?: string | undefined;
  error?: string | undefined;
  queue?: string | undefined;
  triage?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

const triages = ['pending', 'resolved', 'ignored'] as const;
const groupings = ['error', 'type', 'org'] as const;

/** @param organization its id; without one of all, for operators */
export async function listDeadLetters(
  scope: Scope,
  organization: string | undefined,
  query: DeadLetterQuery = {},
  by: readonly string[] = groupings,
): Promise<DeadLetterList> {
  authorize(scope, 'write', { doctype: 'Background Job', name: '*', organization });
  const filter = filterOf(organization, query);
  const wanted = [...new Set(by)].map((word) => parseChoice('by', word, groupings)!);
  const [groups, total] = await Promise.all([
    groupDeadLetters(scope.tx, filter, wanted.length === 0 ? groupings : (wanted as GroupBy[])),
    countDeadLetters(scope.tx, filter),
  ]);
  const items = groups.map(({ oldest, newest, sample, sample_created_at, ...group }) => ({
    ...group,
    oldest: oldest.toISOString(),
    newest: newest.toISOString(),
    sample: jobId({ number: sample, created_at: sample_created_at }),
  }));
  return {
    api_version: 'dartwing/v1',
    kind: 'DeadLetterList',
    items,
    total,
    is_alert: total > limits.deadLettersMax,
  };
}

/** Where a page of dead letters ends. */
export interface DeadLetterPlace {
  at: Date;
  number: string;
}

/** Single dead letters, oldest first, at most `limits.pageMax`; `next` is where the rest begins. */
export async function pageOfDeadLetters(
  scope: Scope,
  organization: string | undefined,
  query: DeadLetterQuery = {},
  after?: DeadLetterPlace,
): Promise<{ items: JobDocument[]; next: DeadLetterPlace | undefined }> {
  authorize(scope, 'write', { doctype: 'Background Job', name: '*', organization });
  const rows = await pageDeadLetters(scope.tx, filterOf(organization, query), after, limits.pageMax);
  const last = rows.at(-1);
  const more = rows.length === limits.pageMax && last !== undefined;
  return {
    items: rows.map((row) => jobDocument(row)),
    next: more ? { at: last.ended_at!, number: last.number } : undefined,
  };
}

export interface ReplayOptions {
  /** Another input, by the rules of the type; the former one is in the audit trail. */
  input?: unknown;
  /** Another queue, so that a replay of many does not stand in the way of daily work. */
  queue?: QueueName | undefined;
}

/**
 * Puts a dead letter back into its line, with all its attempts and the same id.
 * @throws JOB_NOT_FOUND, JOB_STATE, PERMISSION_DENIED (to the caller, or to whoever submitted it), VALIDATION_ERROR
 */
export async function replayJob(
  scope: Scope,
  parts: { registry: Registry; doorbell: JobDoorbell },
  row: JobRow,
  options: ReplayOptions = {},
): Promise<JobDocument> {
  authorize(scope, 'write', refOf(row));
  const queue = parseChoice('queue', options.queue, queueNames) ?? null;
  const input: unknown = options.input === undefined ? undefined : JSON.parse(inputText(options.input));
  const type = parts.registry.find(row.type);
  if (input !== undefined && type?.input !== undefined) parseInput(type.input, input);
  const locked = await requireDead(scope, row, 'replayed');
  const by = scope.principal.id;
  const back: Transition = {
    from_state: 'dead_letter',
    to_state: 'queued',
    at: (await databaseNow(scope.tx)).toISOString(),
    actor: by,
    message: scope.reason ?? (input === undefined ? 'replayed' : 'replayed with another input'),
    attempt: locked.attempt,
  };
  const log = [...openTransitions(locked), back];
  const revived = await revive(scope.tx, locked, { by, queue, input, log });
  parts.doorbell.ringAfter(scope.tx, [revived]);
  const edited = input === undefined ? {} : { input };
  await record(scope, 'job.replay', locked, {
    old: {
      state: 'dead_letter',
      error: locked.error,
      ...(input === undefined ? {} : { input: locked.input }),
    },
    new: { state: 'queued', queue: revived.queue, ...edited },
  });
  return current(scope, locked);
}

/** Says that a dead letter has been dealt with. @throws JOB_NOT_FOUND, JOB_STATE, REASON_REQUIRED (no note) */
export async function resolveJob(scope: Scope, row: JobRow, note: string): Promise<JobDocument> {
  return triage(scope, row, 'resolved', note, 'job.resolve');
}

/** Gives a dead letter up; it can be taken back until it is deleted. @throws JOB_NOT_FOUND, JOB_STATE, REASON_REQUIRED */
export async function discardJob(scope: Scope, row: JobRow): Promise<JobDocument> {
  return triage(scope, row, 'ignored', scope.reason ?? '', 'job.discard');
}

async function triage(
  scope: Scope,
  row: JobRow,
  to: 'resolved' | 'ignored',
  note: string,
  action: string,
): Promise<JobDocument> {
  authorize(scope, 'delete', refOf(row));
  const text = note.trim();
  if (text === '')
    throw new DartwingError('REASON_REQUIRED', {
      action: to === 'resolved' ? 'Resolving a dead letter' : 'Discarding a dead letter',
    });
  if (text.length > limits.reasonCharsMax || !text.isWellFormed() || text.includes('\u0000'))
    throw new DartwingError('VALIDATION_ERROR', {
      message: `A note has at most ${limits.reasonCharsMax} characters`,
    });
  const locked = await requireDead(scope, row, to);
  // Who decides the same again leaves it to the first who did.
  if (locked.triage === to && locked.triage_note === text) return current(scope, locked);
  await setTriage(scope.tx, locked, to, text, scope.principal.id);
  await record(scope, action, locked, {
    old: { triage: locked.triage, note: locked.triage_note },
    new: { triage: to, note: text },
  });
  return current(scope, locked);
}

async function requireDead(scope: Scope, row: JobRow, action: string): Promise<JobRow> {
  const locked = await lockDeadLetter(scope.tx, row);
  if (locked !== undefined) return locked;
  const now = await findJob(scope.tx, row.number, row.organization);
  throw new DartwingError('JOB_STATE', { id: jobId(row), state: now?.state ?? row.state, action });
}

async function current(scope: Scope, row: JobRow): Promise<JobDocument> {
  return jobDocument((await findJob(scope.tx, row.number, row.organization))!);
}

function record(
  scope: Scope,
  action: string,
  row: JobRow,
  change: { old: unknown; new: unknown },
): Promise<string> {
  const ref = { doctype: 'Background Job', name: jobId(row) };
  return recordAct(scope, row.organization, action, ref, change);
}

function filterOf(organization: string | undefined, query: DeadLetterQuery): DeadLetterFilter {
  return {
    organization,
    type: query.type,
    error: query.error,
    queue: parseChoice('queue', query.queue, queueNames),
    triage: parseChoice('triage', query.triage, triages),
    since: query.since,
    until: query.until,
  };
}
