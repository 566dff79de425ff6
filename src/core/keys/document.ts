/** Keys as callers see them. */
import { limits } from '../limits.js';
import type { ProviderName } from './provider.js';
import type { KeyRow, KeyState } from './queries.js';

/** A data key; never its material. */
export interface KeyDocument {
  api_version: 'dartwing/v1';
  kind: 'Key';
  id: string;
  organization: string;
  purpose: string;
  version: number;
  /** Who wraps it. */
  provider: ProviderName;
  /** Name of the master key it is wrapped with. */
  master: string;
  state: KeyState;
  created_at: string;
  /** When the next one is due; null for keys that seal nothing any more. */
  rotate_by: string | null;
  retired_at: string | null;
  destroyed_at: string | null;
  /** Values that it seals now; null where they were not counted. */
  sealed: number | null;
}

export interface KeyList {
  api_version: 'dartwing/v1';
  kind: 'KeyList';
  items: KeyDocument[];
  total_count: number;
}

export function keyDocument(row: KeyRow, sealed: number | null): KeyDocument {
  const rotateBy = row.state === 'active' ? new Date(row.created_at.getTime() + limits.dataKeyMs) : null;
  return {
    api_version: 'dartwing/v1',
    kind: 'Key',
    id: row.id,
    organization: row.organization,
    purpose: row.purpose,
    version: row.version,
    provider: row.provider,
    master: row.master,
    state: row.state,
    created_at: row.created_at.toISOString(),
    rotate_by: iso(rotateBy),
    retired_at: iso(row.retired_at),
    destroyed_at: iso(row.destroyed_at),
    sealed,
  };
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
