/** How an entry looks outside. Pure. */
import { genesis } from './chain.js';
import type { AuditBody, AuditVia } from './entry.js';
import type { ReadEvent } from './list-queries.js';
import { linksTo } from './walk.js';

/** The document `AuditEntry`. Hashes are hexadecimal, times RFC 3339 in UTC. */
export interface AuditDocument {
  api_version: 'dartwing/v1';
  kind: 'AuditEntry';
  /** Number in the organization's trail, from 1 without gaps. */
  seq: number;
  id: string;
  /** When it happened by the writer's clock, milliseconds. */
  at: string;
  /** When it was put into the trail, microseconds; filters by time compare this. */
  sequenced_at: string;
  actor: string;
  actor_type: string;
  ip?: string;
  via: AuditVia;
  action: string;
  /** `doctype/name` */
  ref: string;
  /** Id of the organization, `SYSTEM` for the deployment itself. */
  org: string;
  is_phi: boolean;
  reason: string | null;
  request_id?: string;
  fields?: readonly string[];
  old: unknown;
  new: unknown;
  checksum: string;
  /** Null when what is there does not lead to `checksum`, which only tampering explains. */
  previous_checksum: string | null;
  [key: string]: unknown;
}

/** The document of a stored event. It says what the hashed body says; the columns beside it are not asked. */
export function auditDocument(event: ReadEvent): AuditDocument {
  const body = JSON.parse(event.body.toString()) as AuditBody;
  const first = event.genesisAt === null ? null : genesis(event.organization, event.genesisAt);
  const before = first ?? event.previous;
  const previous = before !== null && linksTo(before, event) ? before : null;
  return {
    api_version: 'dartwing/v1',
    kind: 'AuditEntry',
    seq: event.seq,
    id: body.id,
    at: body.at,
    sequenced_at: event.at,
    actor: body.actor.id,
    actor_type: body.actor.type,
    ...(body.actor.ip === undefined ? {} : { ip: body.actor.ip }),
    via: body.via,
    action: body.action,
    ref: `${body.ref.doctype}/${body.ref.name}`,
    org: event.organization,
    is_phi: body.is_phi,
    reason: body.reason ?? null,
    ...(body.request_id === undefined ? {} : { request_id: body.request_id }),
    ...(body.fields === undefined ? {} : { fields: body.fields }),
    old: body.old ?? null,
    new: body.new ?? null,
    checksum: event.chain.toString('hex'),
    previous_checksum: previous?.toString('hex') ?? null,
  };
}
