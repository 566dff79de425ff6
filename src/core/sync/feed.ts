/**
 * The change feed: documents from their beginning, then changes in the order of their commits, joined without gap and
 * without repetition. The head of the log is read before the page, and the page ends there: what commits meanwhile has
 * a greater number and comes next.
 */
import { createHash } from 'node:crypto';
import { type Reach, reachIn, type Scope } from '../access/index.js';
import {
  type Data,
  type Doctype,
  opened,
  project,
  type Registry,
  recordReads,
  type Seen,
} from '../documents/index.js';
import { DartwingError, isDartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type Cursor, type CursorDoctype, type CursorHolder, openCursor, sealCursor } from './cursor.js';
import { deviceWantsResync, noteDevice } from './device-queries.js';
import {
  type ChangeText,
  findHead,
  findSeqBefore,
  type HeadRow,
  pageChanges,
  pageDocuments,
  type WantedDoctype,
} from './feed-queries.js';
import { type FeedPage, type FeedRequest, type FeedReset, type FeedRow, syncProtocol } from './protocol.js';
import { parseFeed } from './request.js';
import { requireStanding } from './standing.js';

export interface FeedSource {
  registry: Registry;
  /** Seals cursors. */
  key: Buffer;
}

/** A page with its rows as JSON, which are passed on as the database wrote them. */
export interface FeedText {
  page: Omit<FeedPage, 'rows'>;
  rows: readonly string[];
}

/** Commits may take this long; a time as a cursor goes back so far. */
const timeCursorBackMs = 300_000;

/**
 * One page of the feed.
 * @throws VALIDATION_ERROR, DOCTYPE_UNKNOWN, SYNC_PROTOCOL, SYNC_REVOKED, SYNC_CURSOR_INVALID, FULL_RESYNC_REQUIRED,
 * ORGANIZATION_STATE
 */
export async function readFeed(scope: Scope, source: FeedSource, given: FeedRequest): Promise<FeedText> {
  const request = parseFeed(given);
  const organization = scope.tx.organization!;
  const doctypes = request.doctypes.map((name) => source.registry.get(name));
  const reaches = new Map(doctypes.map(({ name }) => [name, reachIn(scope, 'read', name)]));
  const now = doctypes.map(({ name, definition }) => ({
    name,
    rights: fingerprint(rightsOf(scope, source.registry.get(name), reaches.get(name)!)),
    form: `${definition.version}.${request.schemas[name] ?? ''}`,
    floor: 0,
  }));
  const wanted = (list: readonly CursorDoctype[]) =>
    list
      .map(({ name, floor }) => wantedOf(name, floor, reaches.get(name)!))
      .filter((each) => each !== undefined);
  const [found, ahead, resync] = await Promise.all([
    findHead(scope.tx, organization),
    readAhead(scope, source, request, now, wanted),
    request.device === undefined
      ? false
      : deviceWantsResync(scope.tx, organization, scope.principal.id, request.device),
  ]);
  const head = requireStanding(scope, found);
  const start = await startOf(scope, source, head, request.since, now, resync);
  const taken = await take(scope, head, start.cursor, wanted, request, ahead);
  const schemas = Object.fromEntries(doctypes.map(({ name, definition }) => [name, definition.version]));
  const holder = { organization, principal: scope.principal.id };
  const at = scope.clock.now();
  if (request.device !== undefined)
    await noteDevice(scope.tx, {
      organization,
      principal: scope.principal.id,
      device: request.device,
      at,
      acknowledged: request.since === undefined || start.cursor.first ? 0 : start.cursor.seq,
      upToDate: !taken.hasMore,
      doctypes: request.doctypes,
      queueDepth: request.queueDepth,
      isResync: request.since === undefined,
    });
  return {
    page: {
      protocol: syncProtocol,
      organization,
      resets: start.resets,
      next_since: sealCursor(source.key, holder, { ...taken.cursor, at: Math.floor(at.getTime() / 1000) }),
      has_more: taken.hasMore,
      watermark: head.seq,
      server_ts: at.toISOString(),
      schemas,
    },
    rows: await showRows(scope, source, taken.rows, reaches),
  };
}

/** Changes that were read before it was known whether they may be told. */
interface Ahead {
  seq: number;
  rows: ChangeText[];
}

/**
 * The page of a client that only goes on, asked for together with the head and not after it: all of it is of one
 * moment, so nothing in the page is newer than the head. What `startOf` finds wrong with the cursor wins.
 */
async function readAhead(
  scope: Scope,
  { key }: FeedSource,
  { since, limit }: { since: string | undefined; limit: number },
  now: readonly CursorDoctype[],
  wanted: (list: readonly CursorDoctype[]) => WantedDoctype[],
): Promise<Ahead | undefined> {
  const organization = scope.tx.organization!;
  if (since === undefined || isTime(since)) return undefined;
  const cursor = cursorOrNone(key, { organization, principal: scope.principal.id }, since);
  if (cursor === undefined) return undefined;
  const { cursor: next, resets } = compare(cursor, now, cursor.seq);
  if (resets.length > 0 || next.first !== undefined) return undefined;
  const rows = await readChanges(scope, next, cursor.seq + limits.feedScanMax, wanted, limit);
  return { seq: cursor.seq, rows };
}

/** A cursor that cannot be opened is told of by `startOf`, to whoever may synchronize at all. */
function cursorOrNone(key: Buffer, holder: CursorHolder, since: string): Cursor | undefined {
  try {
    return openCursor(key, holder, since);
  } catch (error) {
    if (isDartwingError(error)) return undefined;
    throw error;
  }
}

function readChanges(
  { tx, principal }: Scope,
  { seq: after, doctypes }: Cursor,
  upTo: number,
  wanted: (list: readonly CursorDoctype[]) => WantedDoctype[],
  limit: number,
): Promise<ChangeText[]> {
  const seen = wanted(doctypes);
  if (upTo <= after || seen.length === 0) return Promise.resolve([]);
  const person = principal.type === 'person' ? principal.id : null;
  return pageChanges(tx, { organization: tx.organization!, after, upTo, doctypes: seen, person, limit });
}

function isTime(since: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T/.test(since);
}

/** A page as an object. */
export function pageOf({ page, rows }: FeedText): FeedPage {
  return { ...page, rows: rows.map((row) => JSON.parse(row) as FeedRow) };
}

/** A page as JSON. */
export function pageText({ page, rows }: FeedText): string {
  return `${JSON.stringify(page).slice(0, -1)},"rows":[${rows.join(',')}]}`;
}

/** Where a call goes on, and which doctypes begin again. */
interface Start {
  cursor: Cursor;
  resets: FeedReset[];
}

async function startOf(
  scope: Scope,
  { key }: FeedSource,
  head: HeadRow,
  since: string | undefined,
  now: readonly CursorDoctype[],
  resync: boolean,
): Promise<Start> {
  const organization = scope.tx.organization!;
  const { generation, seq, min_retained: retained } = head;
  const fresh = { generation, seq, at: 0, doctypes: now };
  if (since === undefined) return { cursor: beginning(fresh, now), resets: [] };
  if (resync) throw new DartwingError('FULL_RESYNC_REQUIRED', { why: 'an operator asked for it' });
  if (isTime(since)) {
    const at = Date.parse(since);
    if (Number.isNaN(at)) throw new DartwingError('SYNC_CURSOR_INVALID');
    if (at < scope.clock.now().getTime() - retentionMs) throw tooOld();
    const from = await findSeqBefore(scope.tx, organization, new Date(at - timeCursorBackMs));
    if (from < retained) throw tooOld();
    return { cursor: { ...fresh, seq: Math.min(from, seq) }, resets: [] };
  }
  const cursor = openCursor(key, { organization, principal: scope.principal.id }, since);
  if (cursor.generation !== generation || cursor.seq > seq)
    throw new DartwingError('FULL_RESYNC_REQUIRED', { why: 'the server was restored from a copy' });
  if (cursor.seq < retained || cursor.at * 1000 < scope.clock.now().getTime() - retentionMs) throw tooOld();
  return compare(cursor, now, seq);
}

const retentionMs = limits.changeDaysDefault * 86_400_000;

function tooOld(): DartwingError {
  return new DartwingError('FULL_RESYNC_REQUIRED', {
    why: `the cursor is older than ${limits.changeDaysDefault} days`,
  });
}

/** What changed since the cursor was made: doctypes asked for anew, rights, forms. */
function compare(cursor: Cursor, now: readonly CursorDoctype[], head: number): Start {
  const resets: FeedReset[] = [];
  const anew: CursorDoctype[] = [];
  const doctypes = now.map((each) => {
    const before = cursor.doctypes.find(({ name }) => name === each.name);
    if (before?.rights === each.rights && before.form === each.form) return before;
    if (before !== undefined) {
      const reason = before.rights === each.rights ? 'schema_changed' : 'access_changed';
      resets.push({ doctype: each.name, reason: each.rights === noRights ? 'revoked' : reason });
    }
    anew.push(each);
    return each;
  });
  if (anew.length === 0) return { cursor: { ...cursor, doctypes }, resets };
  return { cursor: beginning({ ...cursor, doctypes }, anew, cursor.first?.upTo ?? head), resets };
}

/**
 * Some doctypes from their beginning. They are sent as they were at one number of the log, the floor of what comes
 * after.
 */
function beginning(cursor: Cursor, anew: readonly CursorDoctype[], upTo: number = cursor.seq): Cursor {
  const names = new Set([...anew.map(({ name }) => name), ...(cursor.first?.doctypes ?? [])]);
  const doctypes = cursor.doctypes.map((each) => (names.has(each.name) ? { ...each, floor: upTo } : each));
  return { ...cursor, doctypes, first: { upTo, doctypes: [...names], after: ['', ''] } };
}

interface Taken {
  rows: ChangeText[];
  cursor: Cursor;
  hasMore: boolean;
}

async function take(
  scope: Scope,
  head: HeadRow,
  cursor: Cursor,
  wanted: (list: readonly CursorDoctype[]) => WantedDoctype[],
  request: { limit: number; tombstones: boolean },
  ahead: Ahead | undefined,
): Promise<Taken> {
  const organization = scope.tx.organization!;
  const person = scope.principal.type === 'person' ? scope.principal.id : null;
  const { first } = cursor;
  if (first !== undefined) {
    const doctypes = wanted(cursor.doctypes.filter(({ name }) => first.doctypes.includes(name)));
    const { limit, tombstones } = request;
    const found =
      doctypes.length === 0
        ? []
        : await pageDocuments(scope.tx, { organization, ...first, doctypes, person, tombstones, limit });
    const rows = fitting(found);
    const last = rows.at(-1);
    if (last !== undefined && (rows.length < found.length || found.length === limit))
      return {
        rows,
        cursor: { ...cursor, first: { ...first, after: [last.doctype, last.name] } },
        hasMore: true,
      };
    const done = { ...cursor, first: undefined };
    return { rows, cursor: done, hasMore: head.seq > cursor.seq };
  }
  const upTo = Math.min(head.seq, cursor.seq + limits.feedScanMax);
  const found =
    ahead?.seq === cursor.seq ? ahead.rows : await readChanges(scope, cursor, upTo, wanted, request.limit);
  const rows = fitting(found);
  const cut = rows.length < found.length || found.length === request.limit;
  const seq = cut ? rows.at(-1)!.seq : upTo;
  // A floor that was passed is no longer needed.
  const passed = cursor.doctypes.map((each) => (each.floor <= seq ? { ...each, floor: 0 } : each));
  return { rows, cursor: { ...cursor, seq, doctypes: passed }, hasMore: seq < head.seq };
}

/** As many rows as fit into a page; one always does. */
function fitting(rows: ChangeText[]): ChangeText[] {
  let chars = 0;
  const end = rows.findIndex(({ data }, index) => {
    chars += data?.length ?? 0;
    return index > 0 && chars > limits.feedBytesMax;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

function wantedOf(name: string, floor: number, reach: Reach): WantedDoctype | undefined {
  const { whole, own, names } = reach;
  if (!whole && own === undefined && names.size === 0) return undefined;
  return { name, floor, whole, names: [...names] };
}

/** What a client may see of a doctype, as a text that changes when that does. */
function rightsOf(scope: Scope, doctype: Doctype, { whole, own, names, hidden }: Reach): string {
  if (!whole && own === undefined && names.size === 0) return '';
  const seen = [whole, own ?? '', whole ? [] : [...names].sort(), [...hidden].sort()];
  if (doctype.masks.size === 0) return JSON.stringify(seen);
  // Whoever may write a masked field sees it whole.
  const write = reachIn(scope, 'write', doctype.name);
  return JSON.stringify([...seen, write.whole, write.own ?? '', [...write.readOnly].sort()]);
}

function fingerprint(text: string): string {
  return text === '' ? '' : createHash('sha256').update(text).digest('base64url').slice(0, 8);
}

const noRights = fingerprint('');

/** Rows as the client sees them. Only those of doctypes that hide, mask or hold health information are looked into. */
async function showRows(
  scope: Scope,
  { registry }: FeedSource,
  rows: readonly ChangeText[],
  reaches: ReadonlyMap<string, Reach>,
): Promise<string[]> {
  const seen: Seen[] = [];
  const data = await openSealed(scope, registry, rows);
  const texts = rows.map((row, index) => {
    const doctype = registry.get(row.doctype);
    const reach = reaches.get(row.doctype)!;
    const isPlain =
      reach.hidden.size + doctype.masks.size + doctype.phiFields.length + doctype.sealedPaths.length === 0;
    if (isPlain || row.deleted || row.data === null) return rowText(row, row.data);
    const document = {
      name: row.name,
      owner: row.owner,
      data: data[index] ?? (JSON.parse(row.data) as Data),
    };
    const shown = project(scope, doctype, reach, document);
    seen.push({ doctype: row.doctype, name: row.name, data: shown });
    return rowText(row, JSON.stringify(shown));
  });
  await recordReads(scope, registry, seen);
  return texts;
}

/** Data of rows whose doctypes have sealed fields; null for all others. */
async function openSealed(
  { tx }: Scope,
  registry: Registry,
  rows: readonly ChangeText[],
): Promise<(Data | null)[]> {
  const kept = rows.map(({ doctype, name, deleted, data }) => ({
    doctype,
    name,
    data:
      deleted || data === null || registry.get(doctype).sealedPaths.length === 0
        ? null
        : (JSON.parse(data) as Data),
  }));
  return (await opened(tx, registry, tx.organization!, kept)).map(({ data }) => data);
}

function rowText(row: ChangeText, data: string | null): string {
  const { doctype, name, version, seq, deleted, revoked, modified } = row;
  const head = JSON.stringify({
    doctype,
    name,
    version,
    seq,
    modified: modified.toISOString(),
    docstatus: 0,
    deleted,
    ...(revoked ? { reason: 'revoked' } : {}),
  });
  return `${head.slice(0, -1)},"data":${deleted ? 'null' : data}}`;
}
