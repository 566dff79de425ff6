/** How a membership looks outside. Pure. */

export interface MemberRow {
  organization: string;
  id: string;
  person: string;
  role: string;
  status: 'active' | 'inactive' | 'pending';
  /** Days as YYYY-MM-DD. */
  start_date: string;
  end_date: string | null;
  member_name: string;
  person_email: string;
}

/** The document `Member`. */
export interface MemberDocument {
  api_version: 'dartwing/v1';
  kind: 'Member';
  id: string;
  organization: string;
  person: string;
  email: string;
  name: string;
  role: string;
  is_supervisor: boolean;
  start_date: string;
  end_date: string | null;
  status: { state: MemberRow['status'] };
}

export function memberDocument(row: MemberRow, supervisor: boolean): MemberDocument {
  return {
    api_version: 'dartwing/v1',
    kind: 'Member',
    id: row.id,
    organization: row.organization,
    person: row.person,
    email: row.person_email,
    name: row.member_name,
    role: row.role,
    is_supervisor: supervisor,
    start_date: row.start_date,
    end_date: row.end_date,
    status: { state: row.status },
  };
}
