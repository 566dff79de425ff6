/**
 * The slow path of a push: operations on one document, one after another, against the document as it is. Nothing is
 * read or written here; what comes out is versions to write, conflicts to file and results.
 */
import { type Reach, reaches, type Scope } from '../access/index.js';
import {
  type ChangeRow,
  type Data,
  type DocumentRow,
  denied,
  ownerOfChange,
  ownerOfNew,
  requireFields,
  type VersionRow,
} from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { canonicalJson } from '../json.js';
import { actionOf, errorOf, type Item } from './item.js';
import type { Outcome } from './protocol.js';
import {
  type Conflict,
  type ConflictRules,
  clampClientTime,
  type Resolution,
  resolve,
  sameValue,
} from './strategies/index.js';

/** The document as the operations before left it. */
interface State {
  version: number;
  deleted: boolean;
  owner: string | null;
  data: Data;
}

/** A verdict on one operation. */
export interface Verdict {
  item: Item;
  outcome: Outcome;
  error?: ReturnType<typeof errorOf>;
  /** The document afterwards; undefined when there is none. */
  state: State | undefined;
  lost?: readonly string[];
  /** Fields that wait for a person; the others of the edit are in the document. */
  open?: readonly string[];
  /** Set when a record of it is kept. */
  conflict?: Resolution & {
    baseVersion: number;
    base: Data | undefined;
    server: Data | null;
    serverVersion: number;
  };
  /** It was the decision of a conflict. */
  closes?: boolean;
}

/** Everything known of a document that operations come upon. */
export interface Case {
  scope: Scope;
  reachOf: (action: string, doctype: string) => Reach;
  rules: ConflictRules;
  /** Principal and device that push. */
  origin: string;
  row: DocumentRow | undefined;
  /** Versions from the oldest base on, oldest first. */
  history: readonly VersionRow[];
  /** Whether a conflict about the document is on file. */
  isDisputed: boolean;
}

export interface Judgement {
  verdicts: Verdict[];
  /** Versions to write, the last one final. */
  rows: ChangeRow[];
}

/** Judges the operations on one document in their order. */
export function judge(given: Case, items: readonly Item[]): Judgement {
  const { row } = given;
  const rows: ChangeRow[] = [];
  const verdicts: Verdict[] = [];
  let state: State | undefined = row && { ...row };
  let seen: Data | undefined;
  let stopped = false;
  for (const item of items) {
    if (stopped) {
      verdicts.push({ item, outcome: 'blocked', error: errorOf(blocked(item)), state });
      continue;
    }
    // A client that says what it edited knows best; it may have decided a conflict just before.
    if (item.base !== undefined) seen = undefined;
    const verdict = judgeOne(given, item, state, seen);
    const version = verdict.state?.version ?? 0;
    if (version > (state?.version ?? 0)) rows.push(rowOf(given, verdict, state, row));
    // The next operation was made upon this one, not upon what others made of the document meanwhile.
    const before = seen ?? (state && editedBy(given, item, state));
    seen = before === undefined ? verdict.state?.data : { ...before, ...item.data };
    state = verdict.state;
    stopped = verdict.outcome === 'rejected' || verdict.outcome === 'conflict';
    verdicts.push(verdict);
  }
  const last = rows.at(-1);
  if (last) last.final = true;
  return { verdicts, rows };
}

function judgeOne(given: Case, item: Item, state: State | undefined, seen: Data | undefined): Verdict {
  try {
    requireRight(given, item, state);
    if (state === undefined) return onNothing(given, item);
    if (item.force) return forced(given, item, state);
    return onDocument(given, item, state, seen);
  } catch (error) {
    return { item, outcome: 'rejected', error: errorOf(error), state };
  }
}

function requireRight({ scope, reachOf }: Case, item: Item, state: State | undefined): void {
  const { op, doctype, name } = item;
  const owner = state?.owner ?? (op === 'insert' ? ownerOfNew(scope, doctype, item.data) : null);
  // What is an insert for its client is a change when the document is there already.
  const isThere = state !== undefined && !state.deleted;
  const action = isThere && (op === 'insert' || op === 'undelete') ? 'write' : actionOf(op);
  const allowed = reaches(reachOf(action, doctype.name), { name, owner });
  const mayTry = op === 'insert' && reaches(reachOf('read', doctype.name), { name, owner });
  if (!allowed && !mayTry) throw denied(scope, action, `${doctype.name}/${name}`);
}

/** There is no such document, or it was deleted so long ago that nobody remembers. */
function onNothing({ scope }: Case, item: Item): Verdict {
  const { op, doctype, data, name } = item;
  if (op === 'insert')
    return {
      item,
      outcome: 'applied',
      state: { version: 1, deleted: false, owner: ownerOfNew(scope, doctype, data), data },
    };
  if (op === 'delete') return { item, outcome: 'unchanged', state: undefined };
  throw new DartwingError('DOCUMENT_NOT_FOUND', { ref: `${doctype.name}/${name}` });
}

/** @param seen the document as the client's operations before, in this batch, left it on the device */
function onDocument(given: Case, item: Item, state: State, seen: Data | undefined): Verdict {
  const { op, data } = item;
  const moved = Object.keys(data).filter((field) => !sameValue(data[field], state.data[field] ?? null));
  const base = baseOf(given, item, state);
  const isCurrent = seen === undefined ? base === state.version : sameValue(seen, state.data);
  if (op === 'delete' && state.deleted) return { item, outcome: 'unchanged', state };
  if (op === 'undelete' && !state.deleted && moved.length === 0) return { item, outcome: 'unchanged', state };
  const counts = !isCurrent && item.id !== null && given.rules.sum?.some((field) => field in data);
  if ((op === 'update' || op === 'insert') && !state.deleted && moved.length === 0 && !counts)
    return { item, outcome: 'unchanged', state };
  if (op !== 'delete' && !state.deleted) requireFields(given.scope, 'write', item.doctype, moved, item.name);
  const isAppendOnly = given.rules.strategy === 'append_only' && (op === 'update' || op === 'insert');
  if (op === 'insert' && !isAppendOnly) requireWrite(given, item, state);
  if (isCurrent && !isAppendOnly && (!state.deleted || op === 'undelete'))
    return { item, outcome: 'applied', state: applied(given, item, state) };
  return settle(given, item, state, base, seen);
}

/** An insert of a document that somebody else made must not change it without the right to. */
function requireWrite({ scope, reachOf }: Case, { doctype, name }: Item, state: State): void {
  if (state.deleted || reaches(reachOf('write', doctype.name), { name, owner: state.owner })) return;
  throw new DartwingError(
    'DOCUMENT_EXISTS',
    { ref: `${doctype.name}/${name}` },
    { detail: scope.principal.id },
  );
}

/**
 * The version that the client's edit builds upon. What the same device wrote after it counts as seen: its answer may
 * have been lost.
 */
function baseOf({ history, origin, row }: Case, item: Item, state: State): number {
  const { baseVersion, base } = item;
  if (base !== undefined && !state.deleted && contains(state.data, base)) return state.version;
  if (baseVersion >= state.version) return state.version === baseVersion ? state.version : 0;
  const stored = row?.version ?? 0;
  const after = history.filter(({ version }) => version > baseVersion);
  const isWhole = after.length === stored - baseVersion;
  if (isWhole && after.length > 0 && after.every((version) => version.origin === origin))
    return state.version;
  return baseVersion;
}

function contains(data: Data, base: Data): boolean {
  const fields = Object.keys(base);
  return fields.length > 0 && fields.every((field) => sameValue(base[field] ?? null, data[field] ?? null));
}

/** The document that the client edited, as far as it is still known. */
function editedBy(given: Case, item: Item, state: State): Data | undefined {
  const base = baseOf(given, item, state);
  if (base === state.version) return state.data;
  return item.base ?? given.history.find(({ version }) => version === base)?.data ?? undefined;
}

function settle(given: Case, item: Item, state: State, baseVersion: number, seen: Data | undefined): Verdict {
  const { history, rules, scope, origin } = given;
  const ancestor = history.find(({ version }) => version === baseVersion);
  const newest = history.at(-1);
  const baseData = seen ?? item.base ?? ancestor?.data ?? undefined;
  const now = scope.clock.now();
  const conflict: Conflict = {
    client: {
      op: item.op,
      data: item.data,
      changed: item.changed,
      writtenAt: item.writtenAt,
      device: origin,
      operationId: item.id ?? '',
    },
    server: {
      data: state.data,
      deleted: state.deleted,
      device: newest?.origin ?? '',
      operationId: newest?.operation ?? '',
      writtenAt: newest?.written_at ?? newest?.at ?? given.row?.modified_at ?? now,
    },
    base:
      baseData === undefined && ancestor === undefined
        ? undefined
        : { data: baseData, modifiedAt: ancestor?.at },
    now,
  };
  const resolution = resolve(conflict, rules);
  const after: State = resolution.changed
    ? {
        version: state.version + 1,
        deleted: resolution.deleted,
        owner: ownerAfter(given, item, state, resolution.document),
        data: resolution.document,
      }
    : state;
  const lost = Object.keys(resolution.lost.client);
  const isKept =
    resolution.needsPerson ||
    lost.length > 0 ||
    (Object.keys(resolution.lost.server).length > 0 && rules.strategy !== 'last_write_wins');
  return {
    item,
    outcome: resolution.outcome,
    state: after,
    ...(lost.length > 0 ? { lost } : {}),
    ...(resolution.open.length > 0 ? { open: resolution.open } : {}),
    ...(isKept
      ? {
          conflict: {
            ...resolution,
            baseVersion,
            base: baseData,
            server: state.deleted ? null : state.data,
            serverVersion: state.version,
          },
        }
      : {}),
  };
}

/** A decision that somebody took, seeing a version. */
function forced(given: Case, item: Item, state: State): Verdict {
  const ref = `${item.doctype.name}/${item.name}`;
  if (!given.isDisputed) throw new DartwingError('FORCE_WITHOUT_CONFLICT', { ref });
  const { scope, reachOf } = given;
  if (!reaches(reachOf('write', item.doctype.name), { name: item.name, owner: state.owner }))
    throw denied(scope, 'write', ref);
  const moved = Object.keys(item.data).filter(
    (field) => !sameValue(item.data[field], state.data[field] ?? null),
  );
  requireFields(scope, 'write', item.doctype, moved, item.name);
  if (item.baseVersion !== state.version) return movedOn(item, state);
  if (item.op === 'delete' ? state.deleted : !state.deleted && moved.length === 0)
    return { item, outcome: 'unchanged', state, closes: true };
  return { item, outcome: 'applied', state: applied(given, item, state), closes: true };
}

/** The document changed again after whoever decided had looked: they have to look once more. */
function movedOn(item: Item, state: State): Verdict {
  return { item, outcome: 'conflict', state };
}

function applied(given: Case, item: Item, state: State): State {
  if (item.op === 'delete') return { ...state, version: state.version + 1, deleted: true };
  const data = { ...state.data, ...item.data };
  return { version: state.version + 1, deleted: false, owner: ownerAfter(given, item, state, data), data };
}

function ownerAfter({ row, scope }: Case, { doctype }: Item, state: State, data: Data): string | null {
  const owner = ownerOfChange(doctype, data);
  if (owner === undefined) return state.owner;
  return owner ?? row?.created_by ?? scope.principal.id;
}

function rowOf(
  { row, scope }: Case,
  verdict: Verdict,
  before: State | undefined,
  found: DocumentRow | undefined,
): ChangeRow {
  const { item, state } = verdict;
  const { version, deleted, owner, data } = state!;
  return {
    doctype: item.doctype.name,
    name: item.name,
    base: found?.version ?? 0,
    version,
    op: opOf(before, deleted),
    wasDeleted: row?.deleted ?? false,
    deleted,
    final: false,
    data: canonicalJson(data),
    owner,
    operation:
      verdict.outcome === 'applied' && verdict.conflict === undefined ? (item.id ?? undefined) : undefined,
    request: verdict.outcome === 'applied' && verdict.conflict === undefined ? item.request : undefined,
    writtenAt: verdict.conflict?.writtenAt ?? clamped(item.writtenAt, scope.clock.now()),
  };
}

/** A device's time, which is never later than now. */
export function clamped(writtenAt: Date | undefined, now: Date): Date | undefined {
  return writtenAt && clampClientTime(writtenAt, { now });
}

function opOf(before: State | undefined, deleted: boolean): ChangeRow['op'] {
  if (before === undefined) return 'insert';
  if (deleted) return 'delete';
  return before.deleted ? 'undelete' : 'update';
}

function blocked({ doctype, name }: Item): DartwingError {
  return new DartwingError('OPERATION_BLOCKED', { ref: `${doctype.name}/${name}` });
}
