import type { AuditBody } from './entry.js';

/** The members of a body that also stand in columns, so that they can be filtered by an index. */
export interface ClearColumns {
  readonly action: string;
  readonly actor_type: string;
  readonly actor_id: string;
  readonly via: string;
  readonly doctype: string;
  readonly document_name: string;
  readonly is_phi: boolean;
  readonly request_id: string | null;
}

/** The clear columns of a body. They are not hashed by themselves; they must equal what is. */
export function clearColumns(body: AuditBody): ClearColumns {
  return {
    action: body.action,
    actor_type: body.actor.type,
    actor_id: body.actor.id,
    via: body.via,
    doctype: body.ref.doctype,
    document_name: body.ref.name,
    is_phi: body.is_phi,
    request_id: body.request_id ?? null,
  };
}
