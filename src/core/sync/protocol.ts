/**
 * What client and server say to each other, version 1. docs/sync-protocol.md tells it in words; both doors (library
 * and HTTP) carry exactly these shapes. Field names are those of the wire.
 */

/** Version of the protocol. A client that speaks another one is refused with SYNC_PROTOCOL. */
export const syncProtocol = 1;

/** A page of changes is asked for. */
export interface FeedRequest {
  /** Names of the doctypes; a text is a list with commas. */
  doctype: string | readonly string[];
  /**
   * `next_since` of the page before; without it everything is sent from the beginning. An ISO 8601 time is taken
   * too and may send again what was there shortly before it.
   */
  since?: string | undefined;
  /** 1 to 500, 100 unless told. A page may be shorter although there is more. */
  limit?: number | undefined;
  /** Names this installation of the client; it is then known to operators, with its lag. */
  device?: string | undefined;
  protocol?: number | undefined;
  /** Versions of the doctypes that the client was built for; another one on the server starts that doctype again. */
  schemas?: Readonly<Record<string, number>> | undefined;
  /** Also send tombstones on a first sync, for a client that holds documents and lost its cursor. */
  tombstones?: boolean | undefined;
  /** Operations that wait in the client's queue, for operators. */
  queue_depth?: number | undefined;
}

/** One document as it is now; of several changes only the newest is sent. */
export interface FeedRow {
  doctype: string;
  name: string;
  version: number;
  /** Number of the change; grows along the feed of an organization. */
  seq: number;
  /** ISO 8601, UTC. */
  modified: string;
  docstatus: 0;
  deleted: boolean;
  /** `revoked`: the document is not deleted, but the client may no longer have it. Only with `deleted: true`. */
  reason?: 'revoked';
  /** Every field the client may see, null where it is empty; null for a tombstone. */
  data: Readonly<Record<string, unknown>> | null;
}

/** A doctype that begins again: the client forgets its copies (not its unsent edits) before it applies the rows. */
export interface FeedReset {
  doctype: string;
  /** `revoked`: no rows follow, because the doctype may not be read any more. */
  reason: 'access_changed' | 'schema_changed' | 'revoked';
}

/** A page of changes. Ask again with `next_since` until `has_more` is false; then the client equals the server. */
export interface FeedPage {
  protocol: typeof syncProtocol;
  organization: string;
  resets: readonly FeedReset[];
  rows: readonly FeedRow[];
  next_since: string;
  has_more: boolean;
  /** Number of the newest change when the page was made. */
  watermark: number;
  server_ts: string;
  /** Versions of the doctypes of this feed. */
  schemas: Readonly<Record<string, number>>;
}

export type OperationKind = 'insert' | 'update' | 'delete' | 'undelete';

/** One thing a client did, perhaps long ago and without a network. */
export interface Operation {
  /** Made by the client, at most 100 characters; a repetition gets the first answer. Strongly advised. */
  id?: string | undefined;
  op: OperationKind;
  doctype: string;
  /** Null or absent only for `insert`. Where the server gives the names, the client's is a temporary one. */
  name?: string | null | undefined;
  /** Fields to set; fields that are absent stay as they are. */
  data?: Readonly<Record<string, unknown>> | undefined;
  /** Version of the document that was edited; 0 or absent when the client had none. */
  base_version?: number | undefined;
  /** The document that was edited, for clients that keep it instead of the version. */
  base?: Readonly<Record<string, unknown>> | undefined;
  /** Which fields of `data` were edited, for clients that send whole documents. */
  changed?: readonly string[] | undefined;
  /** ISO 8601; decides nothing but last_write_wins, where it is clamped to the server's time. */
  client_ts?: string | undefined;
  /**
   * This is the resolution of a conflict: taken if the document still has `base_version`, which is then the version
   * that whoever resolved it has seen.
   */
  force?: boolean | undefined;
}

export interface PushRequest {
  device: string;
  /** In the order in which they happened; at most 500. */
  operations: readonly Operation[];
  protocol?: number | undefined;
  queue_depth?: number | undefined;
}

/**
 * What became of an operation. `applied`: as it was sent. `merged`: together with changes of others. `unchanged`: it
 * was so already. `server_wins`: the server's document stays, the client's is kept in a conflict record. `conflict`:
 * a person has to decide. `rejected`: never acceptable as it is. `blocked`: an earlier operation on the same document
 * was not accepted.
 */
export type Outcome =
  | 'applied'
  | 'merged'
  | 'unchanged'
  | 'server_wins'
  | 'conflict'
  | 'rejected'
  | 'blocked';

export interface OperationResult {
  /** As sent. */
  id: string | null;
  op: OperationKind;
  doctype: string;
  /** The name on the server; null when there is none. */
  name: string | null;
  /** `success`: applied, merged, unchanged, server_wins. `error`: rejected, blocked. */
  status: 'success' | 'conflict' | 'error';
  outcome: Outcome;
  /** Version on the server now; 0 when there is no document. */
  version: number;
  deleted: boolean;
  server_ts: string;
  /** The document on the server now, as far as the client may see it; null when there is none or it is deleted. */
  resolved_doc: Readonly<Record<string, unknown>> | null;
  /** The temporary name that `name` replaces. */
  renamed_from?: string;
  /** The answer is that of an earlier call with the same `id`. */
  replayed?: true;
  /** Id of the conflict record, where one was made. */
  conflict?: string;
  /** Fields of the client that did not win. */
  fields_lost?: readonly string[];
  /** Fields that wait for a decision; the others of the edit are in the document. Only with status `conflict`. */
  fields_open?: readonly string[];
  /** Both sides, only with status `conflict`. */
  server_doc?: Readonly<Record<string, unknown>> | null;
  client_doc?: Readonly<Record<string, unknown>> | null;
  /** Only with status `error`. */
  error?: {
    code: string;
    message: string;
    fields?: readonly { path: string; message: string }[];
    /** The same operation may succeed later without change. */
    retry: boolean;
  };
}

/** One result for each operation, in their order. */
export interface PushAnswer {
  protocol: typeof syncProtocol;
  organization: string;
  results: readonly OperationResult[];
  /** Names on the server by temporary name. */
  renamed: Readonly<Record<string, string>>;
  watermark: number;
  server_ts: string;
}
