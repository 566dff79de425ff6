/** What the user sees: the server's copy with the edits that wait on top of it. */
import type { Copy, Entry } from './entry.js';
import type { Fields } from './protocol.js';

export interface LocalDocument {
  doctype: string;
  name: string;
  /** 0 while the server does not have it. */
  version: number;
  data: Fields;
  /** Whether edits wait: to be sent, for a decision, or after a refusal. */
  pending: boolean;
}

/** Undefined when there is none, or when it is deleted. */
export function viewOf(copy: Copy | undefined, entries: readonly Entry[]): LocalDocument | undefined {
  const data = withEdits(copy?.data ?? undefined, entries);
  const some = copy ?? entries[0];
  if (data === undefined || some === undefined) return undefined;
  const { doctype, name } = some;
  return { doctype, name, version: copy?.version ?? 0, data, pending: entries.length > 0 };
}

function withEdits(from: Fields | undefined, entries: readonly Entry[]): Fields | undefined {
  let data = from;
  let last = from;
  for (const entry of entries) {
    last = data ?? last;
    if (entry.op === 'delete') data = undefined;
    else if (entry.op === 'insert') data = { ...data, ...entry.data };
    // What comes back is what was deleted; where only the server knows that, nothing is shown before it answers.
    else if (entry.op === 'undelete') data = withFields(last ?? entry.base, entry.data);
    // An edit of something that is gone shows nothing, until the server says what becomes of it.
    else if (data !== undefined) data = { ...data, ...entry.data };
  }
  return data;
}

function withFields(from: Fields | undefined, data: Fields): Fields | undefined {
  return from && { ...from, ...data };
}
