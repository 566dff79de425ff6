/** What readers ask the trail for, and the cursor that continues a page. */
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { auditBounds } from './bounds.js';

/** All given members must hold. Absent ones filter nothing. */
export interface AuditFilter {
  readonly organization?: string | undefined;
  /** Id of the actor. */
  readonly actor?: string | undefined;
  /** An action, or a beginning with a star: `member.*`. */
  readonly action?: string | undefined;
  readonly doctype?: string | undefined;
  /** Name of the document; needs `doctype`. */
  readonly name?: string | undefined;
  readonly isPhi?: boolean | undefined;
  /** Anywhere in the entry, whatever the case; needs `organization`. Reads every entry that the rest lets through. */
  readonly text?: string | undefined;
  /** Sequenced at or after, and before. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

/** Place in a list: everything older follows. */
export interface Cursor {
  readonly at: string;
  readonly organization: string;
  readonly seq: number;
}

/** @throws AUDIT_QUERY_INVALID when a filter cannot be meant. */
export function requireFilter(filter: AuditFilter): void {
  if (filter.name !== undefined && filter.doctype === undefined) throw invalid('a name needs its doctype');
  if (filter.action?.slice(0, -1).includes('*')) throw invalid('a star may only end an action');
  if (filter.text !== undefined && filter.organization === undefined)
    throw invalid('a text needs its organization');
  if (filter.text !== undefined && (filter.text === '' || filter.text.length > auditBounds.clearTextCharsMax))
    throw invalid(`a text has 1 to ${auditBounds.clearTextCharsMax} characters`);
  for (const bound of ['since', 'until'] as const) {
    if (Number.isNaN(filter[bound]?.getTime())) throw invalid(`${bound} is not a time`);
  }
  if (filter.since && filter.until && filter.since >= filter.until)
    throw invalid('since is not before until');
}

/**
 * Pieces of canonical JSON that stand in the body of every entry that the filter lets through. An entry without one of them
 * is none of its entries; one with all of them may be. Nothing is asked of times and texts.
 */
export function marksOf({ action, actor, doctype, name, isPhi }: AuditFilter): Buffer[] {
  const open = (text: string) => JSON.stringify(text).slice(0, -1);
  const ref = name === undefined ? '' : `,"name":${JSON.stringify(name)}}`;
  return [
    action !== undefined &&
      `{"action":${action.endsWith('*') ? open(action.slice(0, -1)) : JSON.stringify(action)}`,
    actor !== undefined && `"actor":{"id":${JSON.stringify(actor)}`,
    doctype !== undefined && `"ref":{"doctype":${JSON.stringify(doctype)}${ref}`,
    isPhi !== undefined && `"is_phi":${isPhi}`,
  ].flatMap((mark) => (mark === false ? [] : [Buffer.from(mark)]));
}

/** The page size, 100 unless told. @throws AUDIT_QUERY_INVALID outside 1 to `limits.pageMax`. */
export function requireLimit(limit = 100): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= limits.pageMax) return limit;
  throw invalid(`limit is not between 1 and ${limits.pageMax}`);
}

/** The opaque text of a cursor. */
export function encodeCursor({ at, seq, organization }: Cursor): string {
  return Buffer.from(`${at} ${seq} ${organization}`).toString('base64url');
}

/** @throws AUDIT_QUERY_INVALID when the text is not from `encodeCursor`. */
export function decodeCursor(text: string): Cursor {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (\d{1,15}) (.+)$/s.exec(
    Buffer.from(text, 'base64url').toString(),
  );
  if (parts === null || parts[3]!.includes('\u0000')) throw invalid('the cursor is not one of ours');
  return { at: parts[1]!, seq: Number(parts[2]), organization: parts[3]! };
}

function invalid(message: string): DartwingError {
  return new DartwingError('AUDIT_QUERY_INVALID', { message });
}
