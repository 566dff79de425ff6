/** Where a call of the feed goes on: at the beginning, at a time, or where its cursor says. */
import { createHash } from 'node:crypto';
import { type Reach, reachIn, type Scope } from '../access/index.js';
import type { Doctype } from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type Cursor, type CursorDoctype, openCursor } from './cursor.js';
import type { DeviceWishes } from './device-queries.js';
import { findSeqBefore, type HeadRow } from './feed-queries.js';
import type { FeedReset } from './protocol.js';
import { replayed } from './replay.js';

/** Commits may take this long; a time as a cursor goes back so far. */
const timeCursorBackMs = 300_000;

/** Where a call goes on, and which doctypes begin again. */
export interface Start {
  cursor: Cursor;
  resets: FeedReset[];
}

export async function startOf(
  scope: Scope,
  key: Buffer,
  head: HeadRow,
  since: string | undefined,
  now: readonly CursorDoctype[],
  wishes: DeviceWishes,
): Promise<Start> {
  const organization = scope.tx.organization!;
  const { generation, seq, min_retained: retained } = head;
  const fresh = { generation, seq, at: 0, doctypes: now, replay: wishes.replay };
  if (since === undefined) return { cursor: beginning(fresh, now), resets: [] };
  if (wishes.resync_wanted)
    throw new DartwingError('FULL_RESYNC_REQUIRED', { why: 'an operator asked for it' });
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
  const { cursor: next, resets } = compare(cursor, now, seq);
  return { cursor: replayed(next, retained, wishes), resets };
}

const retentionMs = limits.changeDaysDefault * 86_400_000;

function tooOld(): DartwingError {
  return new DartwingError('FULL_RESYNC_REQUIRED', {
    why: `the cursor is older than ${limits.changeDaysDefault} days`,
  });
}

/** What changed since a cursor was made: doctypes asked for anew, rights, forms. */
export function compare(cursor: Cursor, now: readonly CursorDoctype[], head: number): Start {
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

/** Whether a text names a time and is no cursor. */
export function isTime(since: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T/.test(since);
}

/** What a client may see of a doctype, as a text that changes when that does. */
export function rightsOf(scope: Scope, doctype: Doctype, { whole, own, names, hidden }: Reach): string {
  if (!whole && own === undefined && names.size === 0) return '';
  const seen = [whole, own ?? '', whole ? [] : [...names].sort(), [...hidden].sort()];
  if (doctype.masks.size === 0) return JSON.stringify(seen);
  // Whoever may write a masked field sees it whole.
  const write = reachIn(scope, 'write', doctype.name);
  return JSON.stringify([...seen, write.whole, write.own ?? '', [...write.readOnly].sort()]);
}

/** A short text for a long one; none for none. */
export function fingerprint(text: string): string {
  return text === '' ? '' : createHash('sha256').update(text).digest('base64url').slice(0, 8);
}

const noRights = fingerprint('');
