/** What a conflict is made of, and what its resolution says. Shapes only; see resolve.ts for the rules. */
import type { Strategy } from './rules.js';

/** Fields of a document by name. A missing field was not touched; null is a value. */
export type Fields = Readonly<Record<string, unknown>>;

export type Operation = 'insert' | 'update' | 'delete' | 'undelete';

/** Who wrote a version: what breaks ties of last_write_wins. */
export interface Writer {
  device: string;
  operationId: string;
}

export interface ClientSide extends Writer {
  op: Operation;
  /** Fields that it sends; all of them, or only those it changed. */
  data: Fields;
  /** Names of the fields that it changed; without them the ancestor tells. */
  changed?: readonly string[] | undefined;
  /** Its own clock. Only last_write_wins looks at it, clamped. */
  writtenAt?: Date | undefined;
}

export interface ServerSide extends Writer {
  /** Of a tombstone: the last data before the deletion, as far as it is still known. */
  data: Fields;
  deleted: boolean;
  /** When its newest version was written: `writtenAt` of the resolution that was stored, or the server's time. */
  writtenAt: Date;
}

/** The version that the client edited, as far as it is still known. */
export interface Ancestor {
  data?: Fields | undefined;
  /** Names of the fields that the server changed since, for when the ancestor's data are gone. */
  serverChanged?: readonly string[] | undefined;
  modifiedAt?: Date | undefined;
}

export interface Conflict {
  client: ClientSide;
  server: ServerSide;
  base?: Ancestor | undefined;
  now: Date;
}

/**
 * `unchanged`: the server already says what the client wants. `applied`: the client's edit is in the document and
 * nothing of the server's is in its way. `merged`: the document has something of both. `server_wins`: nothing of the
 * client's edit is in it. `conflict`: a person decides at least one field.
 */
export type Outcome = 'unchanged' | 'applied' | 'merged' | 'server_wins' | 'conflict';

/** Why a field got its value. */
export type Reason =
  | 'only_client_changed'
  | 'only_server_changed'
  | 'owner'
  | 'latest'
  | 'text_merged'
  | 'rows_merged'
  | 'union_merged'
  | 'sum_merged'
  | 'strategy'
  | 'manual'
  | 'tombstone';

export interface FieldDecision {
  field: string;
  by: 'client' | 'server' | 'both' | 'person';
  because: Reason;
  /** Null where no ancestor is known. */
  base: unknown;
  server: unknown;
  client: unknown;
  /** In the document from now on; of an open field what the server says until then. */
  value: unknown;
}

export interface Resolution {
  strategy: Strategy;
  outcome: Outcome;
  /** The document as it should be stored; the server's own fields when `changed` is false. */
  document: Fields;
  deleted: boolean;
  /** Whether a new version has to be written. */
  changed: boolean;
  winner: 'client' | 'server' | 'both' | 'nobody';
  /** One for each field in which the client differs from the server. */
  decisions: readonly FieldDecision[];
  /** Fields that wait for a person. */
  open: readonly string[];
  needsPerson: boolean;
  /** Values that lost and have to be kept: of a deletion the whole document. */
  lost: { client: Fields; server: Fields };
  /** The client's clock between the ancestor's time and now: to be stored with the version. */
  writtenAt: Date;
}
