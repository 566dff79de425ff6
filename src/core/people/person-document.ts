/** How a person looks outside. Pure. */

export interface PersonRow {
  id: string;
  primary_email: string;
  keycloak_user_id: string | null;
  frappe_user: string | null;
  first_name: string;
  last_name: string;
  mobile_no: string | null;
  personal_org: string | null;
  email_verified_at: Date | null;
  /** The address was changed and is not proven since. */
  email_proof_due: boolean;
  is_minor: boolean;
  consent_captured: boolean;
  consent_timestamp: Date | null;
  consent_guardian: string | null;
  source: 'signup' | 'invite' | 'import';
  status: 'active' | 'inactive' | 'merged';
  user_sync_status: 'synced' | 'pending' | 'failed' | null;
  sync_error_message: string | null;
  last_sync_at: Date | null;
  sync_attempts: number;
  next_sync_at: Date | null;
  version: number;
  created_at: Date;
  modified_at: Date;
}

/** One row of a winner's history. */
export interface MergeLog {
  source_person: string;
  merged_at: string;
  merged_by: string;
  notes: string | null;
}

/** The document `Person`; the fields are those of requirements §4.1. */
export interface PersonDocument {
  api_version: 'dartwing/v1';
  kind: 'Person';
  id: string;
  primary_email: string;
  first_name: string;
  last_name: string;
  full_name: string;
  mobile_no: string | null;
  keycloak_user_id: string | null;
  frappe_user: string | null;
  personal_org: string | null;
  /** When its owner proved the address; null before, and after every change. */
  email_verified_at: string | null;
  is_minor: boolean;
  consent_captured: boolean;
  consent_timestamp: string | null;
  consent_guardian: string | null;
  source: PersonRow['source'];
  user_sync_status: PersonRow['user_sync_status'];
  sync_error_message: string | null;
  last_sync_at: string | null;
  version: number;
  created_at: string;
  modified_at: string;
  /** Who was merged into this person; only where it was asked for. */
  merge_logs?: MergeLog[];
  status: {
    state: PersonRow['status'];
    /** The person this one was merged into. */
    merged_into?: string;
    /** When the account is tried again. */
    next_sync_at?: string;
  };
}

export function personDocument(
  row: PersonRow,
  merges: { into?: string | undefined; logs?: MergeLog[] } = {},
): PersonDocument {
  return {
    api_version: 'dartwing/v1',
    kind: 'Person',
    id: row.id,
    primary_email: row.primary_email,
    first_name: row.first_name,
    last_name: row.last_name,
    full_name: fullName(row),
    mobile_no: row.mobile_no,
    keycloak_user_id: row.keycloak_user_id,
    frappe_user: row.frappe_user,
    personal_org: row.personal_org,
    email_verified_at: row.email_verified_at?.toISOString() ?? null,
    is_minor: row.is_minor,
    consent_captured: row.consent_captured,
    consent_timestamp: row.consent_timestamp?.toISOString() ?? null,
    consent_guardian: row.consent_guardian,
    source: row.source,
    user_sync_status: row.user_sync_status,
    sync_error_message: row.sync_error_message,
    last_sync_at: row.last_sync_at?.toISOString() ?? null,
    version: row.version,
    created_at: row.created_at.toISOString(),
    modified_at: row.modified_at.toISOString(),
    ...(merges.logs === undefined ? {} : { merge_logs: merges.logs }),
    status: {
      state: row.status,
      ...(merges.into === undefined ? {} : { merged_into: merges.into }),
      ...(row.user_sync_status === 'pending' && row.next_sync_at
        ? { next_sync_at: row.next_sync_at.toISOString() }
        : {}),
    },
  };
}

export function fullName(person: { first_name: string; last_name: string }): string {
  return `${person.first_name} ${person.last_name}`.trim();
}
