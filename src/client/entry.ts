/** What the client keeps: copies of documents, the queue of edits, and how far it is. */
import type { Fields, OperationKind } from './protocol.js';

/** A document as the server last said. */
export interface Copy {
  doctype: string;
  name: string;
  version: number;
  /** Number of the change in the feed; absent as long as only the answer to a push is known. */
  seq?: number;
  /** Null for a tombstone, kept so that the document can be brought back. */
  data: Fields | null;
  /** Counts full resyncs; what still has an older number at the end of one is gone. */
  round: number;
}

export type EntryState = 'pending' | 'conflict' | 'failed';

/** An edit that waits to be sent or for a decision. */
export interface Entry {
  /** Operation id, the same for each attempt. */
  id: string;
  /** Place in the queue. */
  place: number;
  op: OperationKind;
  doctype: string;
  name: string;
  /** Fields to set. */
  data: Fields;
  /** Version that was edited; absent when only `base` says what was. */
  baseVersion?: number;
  /** The document that was edited, as far as it is no version of the server or no longer here. */
  base?: Fields;
  /** ISO 8601, by the clock of the device. */
  clientTs: string;
  force?: boolean;
  state: EntryState;
  /** Answers that asked to try again. */
  attempts: number;
  error?: { code: string; message: string; fields?: readonly { path: string; message: string }[] };
  /** Both sides of a conflict, and the version a decision has to name. */
  conflict?: {
    version: number;
    deleted: boolean;
    server: Fields | null;
    /** Id of the record on the server. */
    record?: string;
    /** The fields in question, when the others are merged already. */
    open?: readonly string[];
  };
}

export interface Meta {
  format: 1;
  organization: string;
  device: string;
  doctypes: readonly string[];
  /** Cursor of the feed; undefined before the first page. */
  since: string | undefined;
  /** Number of the current or last full resync. */
  round: number;
  resyncing: boolean;
  revoked: boolean;
  nextPlace: number;
  schemas: Readonly<Record<string, number>>;
}

/** One text for a document. Names have no control characters. */
export function documentKey(doctype: string, name: string): string {
  return `${doctype}\u0000${name}`;
}
