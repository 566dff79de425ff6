/** What the answer to a batch changes on the device. Pure. */
import { bounds } from './bounds.js';
import { type Copy, documentKey, type Entry } from './entry.js';
import type { Fields, OperationResult, PushAnswer } from './protocol.js';
import { withNames } from './queue.js';
import type { Replica, ReplicaChange } from './replica.js';

export interface Settled extends ReplicaChange {
  /** Documents, by key, whose edits the server wants again later. */
  again: readonly string[];
  /** Documents that look different now. */
  touched: readonly { doctype: string; name: string }[];
}

/**
 * Accepted edits leave the queue and the server's documents become the copies. Edits that were made meanwhile learn what
 * they were made on: the server's version if nobody else had a part in it, otherwise the document the user saw.
 */
export function settle(replica: Replica, sent: readonly Entry[], { results }: PushAnswer): Settled {
  const done: string[] = [];
  const changed = new Map<string, Entry>();
  const copies = new Map<string, Copy>();
  const again = new Set<string>();
  const names = new Map<string, string>();
  const keys = new Map<string, string>();
  const seen = new Map<string, Seen>();
  const halted = new Set<string>();
  for (const [index, entry] of sent.entries()) {
    const result = results[index]!;
    const key = documentKey(entry.doctype, entry.name);
    const before = seen.get(key) ?? sawBefore(replica, entry);
    seen.set(key, sawAfter(before, entry, result));
    if (result.name !== null && result.name !== entry.name && result.status === 'success') {
      names.set(entry.name, result.name);
      keys.set(key, result.name);
    }
    if (result.status === 'success') done.push(entry.id);
    else {
      changed.set(entry.id, refused(withBase(entry, before), result, halted.has(key)));
      if (result.status === 'error') again.add(key);
      halted.add(key);
    }
    const copy = copyOf(entry, result, replica);
    const earlier = copies.get(documentKey(copy?.doctype ?? '', copy?.name ?? ''));
    if (copy !== undefined && copy.version >= (earlier?.version ?? 0))
      copies.set(documentKey(copy.doctype, copy.name), copy);
  }
  const sentIds = new Set(sent.map(({ id }) => id));
  for (const [key, saw] of seen) {
    const [doctype, name] = key.split('\u0000') as [string, string];
    const later = replica.entriesOf(doctype, name).filter(({ id }) => !sentIds.has(id));
    for (const entry of rebased(later, saw)) changed.set(entry.id, entry);
  }
  if (names.size > 0)
    for (const entry of replica.entries.values()) {
      const renamed = withNames(changed.get(entry.id) ?? entry, names, keys);
      if (renamed !== entry) changed.set(entry.id, renamed);
    }
  for (const id of done) changed.delete(id);
  return {
    done,
    entries: [...changed.values()],
    copies: [...copies.values()],
    renamed: Object.fromEntries(keys),
    again: [...again],
    touched: [...copies.values(), ...sent],
  };
}

/** What an edit was made on is kept with it as soon as the copy moves on without it. */
function withBase(entry: Entry, { data }: Seen): Entry {
  return entry.base !== undefined || data === undefined || entry.op === 'insert'
    ? entry
    : { ...entry, base: data };
}

export interface Seen {
  /** The document as the user saw it. */
  data: Fields | undefined;
  /** The server's version that is exactly that; undefined when there is none. */
  version: number | undefined;
}

export function sawBefore(replica: Replica, entry: Entry): Seen {
  if (entry.op === 'insert') return { data: {}, version: 0 };
  if (entry.baseVersion === undefined) return { data: entry.base, version: undefined };
  const copy = replica.copies.get(documentKey(entry.doctype, entry.name));
  const data = copy?.version === entry.baseVersion ? (copy.data ?? undefined) : undefined;
  return { data: entry.base ?? data, version: entry.baseVersion };
}

function sawAfter(before: Seen, entry: Entry, { outcome, version }: OperationResult): Seen {
  const from = entry.base ?? before.data;
  const data = from && { ...from, ...entry.data };
  const alone =
    before.version !== undefined &&
    ((outcome === 'applied' && version === before.version + 1) ||
      (outcome === 'unchanged' && version === before.version));
  return { data, version: alone ? version : undefined };
}

/** Edits that were made after what was sent, on what the user saw then. */
export function rebased(later: readonly Entry[], saw: Seen): Entry[] {
  let data = saw.data;
  return later.map((entry) => {
    const { base: _, baseVersion, ...rest } = entry;
    const on = data;
    data = data && { ...data, ...entry.data };
    if (saw.version !== undefined) return { ...rest, baseVersion: saw.version };
    if (on !== undefined && entry.op !== 'insert') return { ...rest, base: on };
    return baseVersion === undefined ? entry : { ...rest, baseVersion };
  });
}

function refused(entry: Entry, result: OperationResult, halted: boolean): Entry {
  if (result.status === 'conflict') {
    const { version, deleted, conflict: record, fields_open: open } = result;
    const server = result.server_doc ?? result.resolved_doc;
    return {
      ...entry,
      state: 'conflict',
      conflict: {
        version,
        deleted,
        server,
        ...(record === undefined ? {} : { record }),
        ...(open === undefined ? {} : { open }),
      },
    };
  }
  const { code, message, fields, retry } = result.error ?? {
    code: 'ANSWER_INVALID',
    message: 'The server gave no reason',
    retry: false,
  };
  const error = { code, message, ...(fields === undefined ? {} : { fields }) };
  // Behind another edit of the same document it only waits.
  if (result.outcome === 'blocked' && halted) return entry;
  const attempts = entry.attempts + 1;
  const later = (retry || result.outcome === 'blocked') && attempts < bounds.attemptsMax;
  return { ...entry, attempts, error, state: later ? 'pending' : 'failed' };
}

/** The server's document after an operation; undefined when the answer does not tell it. */
function copyOf(entry: Entry, result: OperationResult, replica: Replica): Copy | undefined {
  const { version, deleted, resolved_doc: data } = result;
  if (result.status === 'error' || result.name === null || version === 0) return undefined;
  if (data === null && !deleted) return undefined;
  const known = replica.copies.get(documentKey(entry.doctype, result.name));
  if (known !== undefined && known.version > version) return undefined;
  const copy: Copy = {
    doctype: entry.doctype,
    name: result.name,
    version,
    data: deleted ? null : data,
    round: replica.meta.round,
  };
  if (known?.seq !== undefined) copy.seq = known.seq;
  return copy;
}
