/** How documents look outside. Pure. */
import type { DocumentRow, VersionRow } from './change-queries.js';

/** The document `Document`: one record of any doctype. */
export interface Document {
  api_version: 'dartwing/v1';
  kind: 'Document';
  doctype: string;
  name: string;
  organization: string;
  version: number;
  owner: string | null;
  deleted: boolean;
  created_at: string;
  created_by: string;
  modified_at: string;
  modified_by: string;
  /** Fields the caller may see; of a tombstone none. */
  data: Readonly<Record<string, unknown>>;
}

/** A page of documents. */
export interface DocumentList {
  api_version: 'dartwing/v1';
  kind: 'DocumentList';
  items: Document[];
  total_count: number;
  limit: number;
  offset: number;
}

/** One version of a document. */
export interface DocumentVersion {
  version: number;
  op: VersionRow['op'];
  at: string;
  by: string;
  /** Fields the caller may see; null for a deletion. */
  data: Readonly<Record<string, unknown>> | null;
}

/** The versions of a document that are still kept, newest first. */
export interface DocumentVersions {
  api_version: 'dartwing/v1';
  kind: 'DocumentVersionList';
  ref: string;
  items: DocumentVersion[];
  limit: number;
  offset: number;
}

/** @param shown its fields as the caller sees them */
export function documentOf(
  organization: string,
  row: DocumentRow,
  shown: Readonly<Record<string, unknown>>,
): Document {
  return {
    api_version: 'dartwing/v1',
    kind: 'Document',
    doctype: row.doctype,
    name: row.name,
    organization,
    version: row.version,
    owner: row.owner,
    deleted: row.deleted,
    created_at: row.created_at.toISOString(),
    created_by: row.created_by,
    modified_at: row.modified_at.toISOString(),
    modified_by: row.modified_by,
    data: row.deleted ? {} : shown,
  };
}

export function versionOf(row: VersionRow, data: DocumentVersion['data']): DocumentVersion {
  const { version, op, at, by } = row;
  return { version, op, at: at.toISOString(), by, data };
}

/** Data without some fields. */
export function without(
  data: Readonly<Record<string, unknown>>,
  hidden: ReadonlySet<string>,
): Readonly<Record<string, unknown>> {
  if (hidden.size === 0) return data;
  return Object.fromEntries(Object.entries(data).filter(([field]) => !hidden.has(field)));
}
