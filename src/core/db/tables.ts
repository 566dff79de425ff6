/** Column types of the tables that are read with composed queries. Columns keep their SQL names. */
import type { ColumnType, Generated } from 'kysely';

type Timestamp = ColumnType<Date, Date | string, Date | string>;

export interface OrganizationTable {
  id: string;
  slug: string;
  org_name: string;
  org_type: 'family' | 'company' | 'nonprofit' | 'association';
  logo: string | null;
  status: 'active' | 'inactive' | 'dissolved';
  suspended_at: Timestamp | null;
  suspended_until: Timestamp | null;
  suspended_reason: string | null;
  dissolved_at: Timestamp | null;
  dissolved_reason: string | null;
  dissolved_from: 'active' | 'inactive' | null;
  purge_at: Timestamp | null;
  linked_doctype: string | null;
  linked_name: string | null;
  tier: 'free' | 'pro' | 'enterprise';
  region: string;
  parent_organization: string | null;
  legal_hold: boolean;
  mfa_required: boolean;
  session_timeout_minutes: number | null;
  version: Generated<number>;
  created_at: Timestamp;
  created_by: string;
  modified_at: Timestamp;
  modified_by: string;
}

export interface OrgMemberTable {
  organization: string;
  id: string;
  person: string;
  role: string;
  status: 'active' | 'inactive' | 'pending';
  start_date: ColumnType<string, string, string>;
  end_date: ColumnType<string | null, string | null, string | null>;
  member_name: string;
  person_email: string;
  organization_name: string;
  organization_type: string;
  created_at: Timestamp;
  modified_at: Timestamp;
}

export interface AuditEventTable {
  organization: string;
  seq: ColumnType<string, never, never>;
  at: Timestamp;
  action: string;
  actor_type: string | null;
  actor_id: string | null;
  via: string;
  doctype: string | null;
  document_name: string | null;
  is_phi: boolean;
  request_id: string | null;
  body: Buffer;
  leaf: Buffer;
  chain: Buffer;
}

export interface Tables {
  organization: OrganizationTable;
  org_member: OrgMemberTable;
  audit_event: AuditEventTable;
}
