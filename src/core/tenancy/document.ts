/** How an organization looks outside: one shape for reading and for writing. Pure. */

import type { Selectable } from 'kysely';
import type { OrganizationTable } from '../db/index.js';
import { canonicalJson } from '../json.js';
import { concreteTypes } from './concrete.js';

export type OrganizationRow = Selectable<OrganizationTable>;

export const tiers = ['free', 'pro', 'enterprise'] as const;

export type OrganizationState = 'active' | 'inactive' | 'suspended' | 'dissolved';

/** The document `Org`; the concrete record stands under the name of the type. */
export interface OrganizationDocument {
  api_version: 'dartwing/v1';
  kind: 'Org';
  id: string;
  slug: string;
  name: string;
  type: OrganizationRow['org_type'];
  tier: OrganizationRow['tier'];
  region: string;
  logo: string | null;
  legal_hold: boolean;
  mfa_required: boolean;
  session_timeout_minutes: number | null;
  version: number;
  created_at: string;
  modified_at: string;
  status: OrganizationStatus;
  [key: string]: unknown;
}

export interface OrganizationStatus {
  state: OrganizationState;
  /** Active members; absent where they were not counted. */
  members?: number;
  suspended_until?: string | null;
  reason?: string | null;
  purge_at?: string;
  linked_doctype: string | null;
  linked_name: string | null;
}

/** The state that counts at `now`: a suspension that has run out is none. */
export function stateOf(row: OrganizationRow, now: Date): OrganizationState {
  if (row.status === 'dissolved') return 'dissolved';
  const suspended = row.suspended_at !== null && (row.suspended_until === null || row.suspended_until > now);
  return suspended ? 'suspended' : row.status;
}

/** Makes the document of a row; `concrete` is its concrete record with child rows, null when it is missing. */
export function organizationDocument(
  row: OrganizationRow,
  now: Date,
  parts: {
    concrete?: Readonly<Record<string, unknown>> | null | undefined;
    members?: number | undefined;
  } = {},
): OrganizationDocument {
  const state = stateOf(row, now);
  const status: OrganizationStatus = {
    state,
    linked_doctype: row.linked_doctype,
    linked_name: row.linked_name,
  };
  if (parts.members !== undefined) status.members = parts.members;
  if (state === 'suspended') {
    status.suspended_until = row.suspended_until?.toISOString() ?? null;
    status.reason = row.suspended_reason;
  }
  if (state === 'dissolved') {
    status.reason = row.dissolved_reason;
    if (row.purge_at) status.purge_at = row.purge_at.toISOString();
  }
  return {
    api_version: 'dartwing/v1',
    kind: 'Org',
    id: row.id,
    slug: row.slug,
    name: row.org_name,
    type: row.org_type,
    tier: row.tier,
    region: row.region,
    logo: row.logo,
    legal_hold: row.legal_hold,
    mfa_required: row.mfa_required,
    session_timeout_minutes: row.session_timeout_minutes,
    version: row.version,
    created_at: row.created_at.toISOString(),
    modified_at: row.modified_at.toISOString(),
    ...(parts.concrete === undefined ? {} : { [row.org_type]: parts.concrete }),
    status,
  };
}

/** What the audit trail and events need to call an organization by. */
export function organizationFacts(row: OrganizationRow) {
  return {
    id: row.id,
    slug: row.slug,
    name: row.org_name,
    type: row.org_type,
    linkedDoctype: row.linked_doctype ?? concreteTypes[row.org_type].doctype,
    linkedName: row.linked_name ?? '',
  };
}

/** One text for values that mean the same: in lists of records, an absent field and an empty one. */
export function comparable(value: unknown): string {
  if (!Array.isArray(value)) return canonicalJson(value ?? null);
  const rows = value.map((row: unknown) =>
    typeof row === 'object' && row !== null
      ? Object.fromEntries(Object.entries(row).filter(([, field]) => field !== null && field !== undefined))
      : row,
  );
  return canonicalJson(rows);
}
