/** What a page of the feed changes on the device. Pure. */
import { type Copy, documentKey, type Entry, type Meta } from './entry.js';
import type { FeedPage, FeedRow } from './protocol.js';
import type { Replica, ReplicaChange } from './replica.js';

export interface Taken extends ReplicaChange {
  touched: readonly { doctype: string; name: string }[];
}

/** Applying a page twice is applying it once. Edits that wait are never touched but to remember what they were made on. */
export function takePage(replica: Replica, page: FeedPage): Taken {
  const after = new Map<string, Copy | undefined>();
  const entries: Entry[] = [];
  const touched: { doctype: string; name: string }[] = [];
  for (const { doctype } of page.resets)
    for (const [key, copy] of replica.copies)
      if (copy.doctype === doctype) {
        after.set(key, undefined);
        touched.push(copy);
        entries.push(...withoutServerData(replica, copy));
      }
  for (const row of page.rows) {
    const key = documentKey(row.doctype, row.name);
    const known = after.has(key) ? after.get(key) : replica.copies.get(key);
    const copy = copyAfter(known, row, replica.meta.round);
    if (copy === known) continue;
    after.set(key, copy);
    touched.push(row);
    if (known !== undefined)
      entries.push(...(row.reason === 'revoked' ? withoutServerData : keptBase)(replica, known));
  }
  if (!page.has_more && replica.meta.resyncing)
    for (const [key, copy] of replica.copies)
      if (copy.round < replica.meta.round && !after.has(key)) {
        after.set(key, undefined);
        touched.push(copy);
      }
  const meta: Partial<Meta> = { since: page.next_since, schemas: page.schemas, revoked: false };
  if (!page.has_more) meta.resyncing = false;
  return { meta, ...split(after), entries, touched };
}

/** The copy after a row, or the same one when the row says nothing new. */
function copyAfter(known: Copy | undefined, row: FeedRow, round: number): Copy | undefined {
  if (row.reason === 'revoked') return undefined;
  const { doctype, name, version, seq, deleted } = row;
  // What was deleted, and purged, may begin again at version 1: of a tombstone only the number of the change counts.
  const older = known?.data === null ? seq <= (known.seq ?? 0) : version < (known?.version ?? 0);
  if (known !== undefined && older) return known.round === round ? known : { ...known, round };
  return { doctype, name, version, seq, data: deleted ? null : (row.data ?? {}), round };
}

/** The first edit that waits on a document keeps the version it was made on, which the copy will not be any more. */
function keptBase(replica: Replica, known: Copy): Entry[] {
  const [first] = replica.entriesOf(known.doctype, known.name);
  if (first === undefined || first.base !== undefined || first.op === 'insert' || known.data === null)
    return [];
  return first.baseVersion === known.version ? [{ ...first, base: known.data }] : [];
}

/** Edits stay when a document may not be seen any more; what the server had told for them does not. */
function withoutServerData(replica: Replica, known: Copy): Entry[] {
  return replica.entriesOf(known.doctype, known.name).map(({ base: _, ...entry }) => ({
    ...entry,
    baseVersion: entry.baseVersion ?? known.version,
    ...(entry.conflict && { conflict: { ...entry.conflict, server: null } }),
  }));
}

function split(
  after: ReadonlyMap<string, Copy | undefined>,
): Required<Pick<ReplicaChange, 'copies' | 'forget'>> {
  const copies: Copy[] = [];
  const forget: { doctype: string; name: string }[] = [];
  for (const [key, copy] of after) {
    const [doctype, name] = key.split('\u0000') as [string, string];
    if (copy === undefined) forget.push({ doctype, name });
    else copies.push(copy);
  }
  return { copies, forget };
}
