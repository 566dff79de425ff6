/** Lists entries of the trail, newest first. */
import { type AuditDocument, auditDocument } from './document.js';
import { type AuditFilter, decodeCursor, encodeCursor, requireFilter, requireLimit } from './filter.js';
import { selectNewestEvents } from './list-queries.js';
import { openPersonal } from './personal.js';
import type { AuditTransaction } from './ports.js';
import { type AuditReader, recordReading } from './reader.js';

/** A filter and a page of what it matches. */
export interface AuditQuery extends AuditFilter {
  /** Entries of the page, 100 unless told, at most `limits.pageMax`. */
  readonly limit?: number | undefined;
  /** `cursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** The document `AuditEntryList`. `cursor` continues the list; null at its end. */
export interface AuditList {
  api_version: 'dartwing/v1';
  kind: 'AuditEntryList';
  items: AuditDocument[];
  limit: number;
  cursor: string | null;
}

/**
 * One page of entries, newest first, from what the transaction may see: one organization, or all of them for the
 * system. The reading is recorded in the same transaction, so that one may not be read-only.
 * @throws AUDIT_QUERY_INVALID; errors of `stageAudit`.
 */
export async function queryAudit(
  tx: AuditTransaction,
  query: AuditQuery,
  reader: AuditReader,
): Promise<AuditList> {
  const { limit: wanted, cursor, ...filter } = query;
  requireFilter(filter);
  const limit = requireLimit(wanted);
  const before = cursor === undefined ? undefined : decodeCursor(cursor);
  await recordReading(tx, reader, filter);
  const events = await selectNewestEvents(tx, filter, { before, limit: limit + 1 });
  const page = events.slice(0, limit);
  return {
    api_version: 'dartwing/v1',
    kind: 'AuditEntryList',
    items: await openPersonal(tx, page.map(auditDocument)),
    limit,
    cursor: events.length > limit ? encodeCursor(page.at(-1)!) : null,
  };
}
