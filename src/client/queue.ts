/** Rules of the queue: what is sent next, and how. Pure. */
import { bounds } from './bounds.js';
import { documentKey, type Entry } from './entry.js';
import type { Fields, WireOperation } from './protocol.js';

export interface BatchRules {
  operationsMax: number;
  /** Documents that wait for a later round, by key. */
  waiting: ReadonlySet<string>;
  /** One conflict holds the whole queue, not only its document. */
  pauseAll: boolean;
}

/**
 * The next edits to send, oldest first. An edit that waits for a decision or was refused holds those after it on the same
 * document, and an insert that is held holds whatever links to it.
 */
export function nextBatch(
  queue: readonly Entry[],
  { operationsMax, waiting, pauseAll }: BatchRules,
): Entry[] {
  if (pauseAll && queue.some(({ state }) => state === 'conflict')) return [];
  const held = new Set(waiting);
  const heldNames = new Set<string>();
  const batch: Entry[] = [];
  let bytes = 0;
  for (const entry of queue) {
    const key = documentKey(entry.doctype, entry.name);
    if (entry.state !== 'pending' || held.has(key) || mentions(entry.data, heldNames)) {
      held.add(key);
      if (entry.op === 'insert') heldNames.add(entry.name);
      continue;
    }
    bytes += JSON.stringify(entry.data).length + (entry.base ? JSON.stringify(entry.base).length : 0);
    if (batch.length === operationsMax || (batch.length > 0 && bytes > bounds.batchBytesMax)) break;
    batch.push(entry);
  }
  return batch;
}

/**
 * A batch as it is sent. Of several edits of one document the later ones say what they were made on: the first may be a
 * repetition, and then the server knows no more what its device had seen.
 * @param dataAt data of a document at a version, as far as the device still has them
 */
export function wiresOf(
  batch: readonly Entry[],
  dataAt: (entry: Entry) => Fields | undefined,
): WireOperation[] {
  const seen = new Map<string, Fields>();
  return batch.map((entry) => {
    const key = documentKey(entry.doctype, entry.name);
    const before = seen.get(key);
    const base = entry.base ?? before;
    const from = base ?? (entry.op === 'insert' ? {} : dataAt(entry));
    if (from !== undefined) seen.set(key, { ...from, ...entry.data });
    return wireOf(base === undefined ? entry : { ...entry, base });
  });
}

function wireOf(entry: Entry): WireOperation {
  return {
    id: entry.id,
    op: entry.op,
    doctype: entry.doctype,
    name: entry.name,
    ...(entry.op === 'delete' ? {} : { data: entry.data }),
    ...(entry.baseVersion === undefined ? {} : { base_version: entry.baseVersion }),
    ...(entry.base === undefined ? {} : { base: entry.base }),
    client_ts: entry.clientTs,
    ...(entry.force ? { force: true } : {}),
  };
}

/** Whether a name stands somewhere in the data as a whole text: then it links there. */
function mentions(value: unknown, names: ReadonlySet<string>): boolean {
  if (names.size === 0) return false;
  if (typeof value === 'string') return names.has(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((item) => mentions(item, names));
}

/** An edit with the names that the server gave instead of temporary ones. */
export function withNames(
  entry: Entry,
  names: ReadonlyMap<string, string>,
  keys: ReadonlyMap<string, string>,
): Entry {
  const name = keys.get(documentKey(entry.doctype, entry.name)) ?? entry.name;
  const known = new Set(names.keys());
  const linked = mentions(entry.data, known) || mentions(entry.base, known);
  if (name === entry.name && !linked) return entry;
  const renamed: Entry = { ...entry, name, data: replaced(entry.data, names) as Fields };
  if (entry.base !== undefined) renamed.base = replaced(entry.base, names) as Fields;
  return renamed;
}

function replaced(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return names.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => replaced(item, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, item]) => [field, replaced(item, names)]));
}
