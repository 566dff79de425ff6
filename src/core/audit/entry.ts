/** What one audit entry says, and the exact bytes that are kept of it. */
import { createHash } from 'node:crypto';
import { DartwingError } from '../errors.js';
import { canonicalJson } from '../json.js';
import { limits } from '../limits.js';
import { auditBounds } from './bounds.js';
import { sealSecrets } from './secrets.js';

/** Pseudo organization of the deployment's own entries: migrations, operators' access across organizations. */
export const systemOrganization = 'SYSTEM';

/** Through which door the act came. */
export type AuditVia = 'cli' | 'http' | 'job' | 'system' | 'library';

/** Who acted. `type` is for example person, operator, job, system; `id` is unique within it. */
export interface AuditActor {
  readonly type: string;
  readonly id: string;
  readonly ip?: string | undefined;
}

/** A fact for the audit trail. `old` and `new` are JSON values; members that look like secrets are sealed. */
export interface AuditEntry {
  /** Defaults to the organization of the transaction. */
  readonly organization?: string;
  /** Dotted lower-case words: `create`, `member.revoke`. */
  readonly action: string;
  readonly actor: AuditActor;
  readonly via: AuditVia;
  readonly ref: { readonly doctype: string; readonly name: string };
  /** The document before and after. Absent means not known, null means there was none. */
  readonly old?: unknown;
  readonly new?: unknown;
  readonly reason?: string | undefined;
  readonly requestId?: string | undefined;
  /** Id of the person whom `old` and `new` are about as a whole; they are sealed for that person. */
  readonly subject?: string | undefined;
  /** The document holds protected health information. */
  readonly isPhi?: boolean;
  /** Names of the fields that were touched or seen. */
  readonly fields?: readonly string[];
}

/** The members of a body of version 1, as they stand in the canonical JSON. */
export interface AuditBody {
  readonly v: 1;
  readonly id: string;
  readonly org: string;
  /** When it happened by the writer's clock: RFC 3339, UTC, milliseconds. */
  readonly at: string;
  readonly action: string;
  readonly actor: AuditActor;
  readonly via: AuditVia;
  readonly ref: { readonly doctype: string; readonly name: string };
  readonly is_phi: boolean;
  readonly request_id?: string;
  readonly reason?: string;
  readonly fields?: readonly string[];
  readonly old?: unknown;
  readonly new?: unknown;
}

/**
 * The canonical bytes of an entry, at most `limits.auditBodyBytesMax`. An `old` or `new` that does not fit is
 * replaced by `{truncated: true, sha256, bytes}` of its canonical form.
 * @throws VALIDATION_ERROR when it does not fit even so, or when a text that becomes a column is too long or holds
 * a NUL; TypeError when a value is no JSON.
 */
export function composeBody(entry: AuditEntry, organization: string, id: string, at: Date): Buffer {
  const body = bodyOf(entry, organization, id, at);
  requireColumns(body);
  let bytes = encode(body);
  if (bytes.length <= limits.auditBodyBytesMax) return bytes;
  for (const side of largestFirst(body)) {
    bytes = encode(Object.assign(body, { [side]: fingerprint(body[side]) }));
    if (bytes.length <= limits.auditBodyBytesMax) return bytes;
  }
  throw new DartwingError('VALIDATION_ERROR', {
    message: `The audit entry has ${bytes.length} bytes, ${limits.auditBodyBytesMax} are allowed`,
  });
}

function bodyOf(entry: AuditEntry, organization: string, id: string, at: Date): AuditBody {
  return {
    v: 1,
    id,
    org: organization,
    at: at.toISOString(),
    action: entry.action,
    actor: actorOf(entry.actor),
    via: entry.via,
    ref: { doctype: entry.ref.doctype, name: entry.ref.name },
    is_phi: entry.isPhi ?? false,
    ...(entry.requestId === undefined ? {} : { request_id: entry.requestId }),
    ...(entry.reason === undefined ? {} : { reason: entry.reason }),
    ...(entry.fields === undefined ? {} : { fields: entry.fields }),
    ...(entry.old === undefined ? {} : { old: sealSecrets(entry.old) }),
    ...(entry.new === undefined ? {} : { new: sealSecrets(entry.new) }),
  };
}

// Callers pass their principal, which may know more than belongs here.
function actorOf({ type, id, ip }: AuditActor): AuditActor {
  return { type, id, ...(ip === undefined ? {} : { ip }) };
}

// PostgreSQL would refuse these only when they are sequenced, long after the change was committed.
function requireColumns(body: AuditBody): void {
  const columns = {
    organization: body.org,
    action: body.action,
    'actor.type': body.actor.type,
    'actor.id': body.actor.id,
    'ref.doctype': body.ref.doctype,
    'ref.name': body.ref.name,
    requestId: body.request_id ?? '',
  };
  for (const [name, text] of Object.entries(columns)) {
    if (text.length <= auditBounds.clearTextCharsMax && !text.includes('\u0000')) continue;
    throw new DartwingError('VALIDATION_ERROR', {
      message: `The audit entry's ${name} is longer than ${auditBounds.clearTextCharsMax} characters or holds a NUL`,
    });
  }
}

function largestFirst(body: AuditBody): ('old' | 'new')[] {
  const sizes = (['old', 'new'] as const)
    .filter((side) => body[side] !== undefined)
    .map((side) => ({ side, bytes: encode(body[side]).length }));
  return sizes.sort((a, b) => b.bytes - a.bytes).map(({ side }) => side);
}

function fingerprint(value: unknown): { truncated: true; sha256: string; bytes: number } {
  const bytes = encode(value);
  return { truncated: true, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
}

function encode(value: unknown): Buffer {
  return Buffer.from(canonicalJson(value));
}
