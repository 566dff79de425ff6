/**
 * The change feed: documents from their beginning, then changes in the order of their commits, joined without gap and
 * without repetition. The head of the log is read before the page, and the page ends there: what commits meanwhile has
 * a greater number and comes next.
 */
import { type Reach, reachIn, type Scope } from '../access/index.js';
import type { Registry } from '../documents/index.js';
import { isDartwingError } from '../errors.js';
import { limits } from '../limits.js';
import {
  type Again,
  type Cursor,
  type CursorDoctype,
  type CursorHolder,
  openCursor,
  sealCursor,
} from './cursor.js';
import { findWishes, noteDevice } from './device-queries.js';
import {
  type ChangeText,
  findHead,
  type HeadRow,
  pageAgain,
  pageChanges,
  pageDocuments,
  type WantedDoctype,
} from './feed-queries.js';
import { showRows } from './feed-rows.js';
import { compare, fingerprint, isTime, rightsOf, startOf } from './feed-start.js';
import { type FeedPage, type FeedRequest, type FeedRow, syncProtocol } from './protocol.js';
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
  const [found, ahead, wishes] = await Promise.all([
    findHead(scope.tx, organization),
    readAhead(scope, source, request, now, wanted),
    findWishes(scope.tx, organization, scope.principal.id, request.device),
  ]);
  const head = requireStanding(scope, found);
  const start = await startOf(scope, source.key, head, request.since, now, wishes);
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
    rows: await showRows(scope, source.registry, taken.rows, reaches),
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

/** A page as an object. */
export function pageOf({ page, rows }: FeedText): FeedPage {
  return { ...page, rows: rows.map((row) => JSON.parse(row) as FeedRow) };
}

/** A page as JSON. */
export function pageText({ page, rows }: FeedText): string {
  return `${JSON.stringify(page).slice(0, -1)},"rows":[${rows.join(',')}]}`;
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
  if (cursor.again !== undefined) return takeAgain(scope, cursor, cursor.again, wanted, request.limit);
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

/** A page of what is sent once more; the feed itself goes on behind it. */
async function takeAgain(
  { tx, principal }: Scope,
  cursor: Cursor,
  again: Again,
  wanted: (list: readonly CursorDoctype[]) => WantedDoctype[],
  limit: number,
): Promise<Taken> {
  const person = principal.type === 'person' ? principal.id : null;
  const named = cursor.doctypes.filter(({ name }) => again.doctypes?.includes(name) ?? true);
  const { after, upTo } = again;
  const organization = tx.organization!;
  const found = await pageAgain(tx, { organization, after, upTo, doctypes: wanted(named), person, limit });
  const rows = fitting(found);
  const isWhole = rows.length === found.length && found.length < limit;
  const left = isWhole ? undefined : { ...again, after: rows.at(-1)!.place };
  return { rows, cursor: { ...cursor, again: left }, hasMore: true };
}

/** As many rows as fit into a page; one always does. */
function fitting<Row extends ChangeText>(rows: Row[]): Row[] {
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
