/**
 * Sync protocol, version 1, as this client reads and writes it (docs/sync-protocol.md). Written down here once more and
 * not imported from the server, so that the package loads nothing of it; a test holds both equal.
 */

export const syncProtocol = 1;

export type Fields = Readonly<Record<string, unknown>>;

export interface FeedRequest {
  doctype: readonly string[];
  since?: string;
  limit?: number;
  device?: string;
  protocol?: number;
  schemas?: Readonly<Record<string, number>>;
  tombstones?: boolean;
  queue_depth?: number;
}

export interface FeedRow {
  doctype: string;
  name: string;
  version: number;
  seq: number;
  modified: string;
  docstatus: 0;
  deleted: boolean;
  reason?: 'revoked';
  data: Fields | null;
}

export interface FeedReset {
  doctype: string;
  reason: 'access_changed' | 'schema_changed' | 'revoked';
}

export interface FeedPage {
  protocol: number;
  organization: string;
  resets: readonly FeedReset[];
  rows: readonly FeedRow[];
  next_since: string;
  has_more: boolean;
  watermark: number;
  server_ts: string;
  schemas: Readonly<Record<string, number>>;
}

export type OperationKind = 'insert' | 'update' | 'delete' | 'undelete';

export interface WireOperation {
  id: string;
  op: OperationKind;
  doctype: string;
  name: string;
  data?: Fields;
  base_version?: number;
  base?: Fields;
  client_ts?: string;
  force?: boolean;
}

export interface PushRequest {
  device: string;
  operations: readonly WireOperation[];
  protocol?: number;
  queue_depth?: number;
}

export type Outcome =
  | 'applied'
  | 'merged'
  | 'unchanged'
  | 'server_wins'
  | 'conflict'
  | 'rejected'
  | 'blocked';

export interface OperationResult {
  id: string | null;
  op: OperationKind;
  doctype: string;
  name: string | null;
  status: 'success' | 'conflict' | 'error';
  outcome: Outcome;
  version: number;
  deleted: boolean;
  server_ts: string;
  resolved_doc: Fields | null;
  renamed_from?: string;
  replayed?: true;
  conflict?: string;
  fields_lost?: readonly string[];
  fields_open?: readonly string[];
  server_doc?: Fields | null;
  client_doc?: Fields | null;
  error?: {
    code: string;
    message: string;
    fields?: readonly { path: string; message: string }[];
    retry: boolean;
  };
}

export interface PushAnswer {
  protocol: number;
  organization: string;
  results: readonly OperationResult[];
  renamed: Readonly<Record<string, string>>;
  watermark: number;
  server_ts: string;
}
