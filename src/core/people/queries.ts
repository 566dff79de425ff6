/** Every statement of the people room. */
import type { Tx } from '../db/index.js';

export interface PersonRow {
  id: string;
  primary_email: string;
  first_name: string;
  last_name: string;
  status: 'active' | 'inactive' | 'merged';
  frappe_user: string | null;
}

export interface MemberRow {
  organization: string;
  id: string;
  person: string;
  role: string;
  status: 'active' | 'inactive' | 'pending';
  start_date: string;
  end_date: string | null;
  member_name: string;
  person_email: string;
}

export interface RoleRow {
  role_name: string;
  applies_to_org_type: string;
  is_supervisor: boolean;
}

const personColumns = 'id, primary_email, first_name, last_name, status, frappe_user';
const memberColumns =
  'organization, id, person, role, status, start_date, end_date, member_name, person_email';

export async function findPerson(tx: Tx, email: string): Promise<PersonRow | undefined> {
  const text = `select ${personColumns} from person where primary_email = $1`;
  return (await tx.query<PersonRow>(text, [email], 'dartwing_person_by_email')).rows[0];
}

export async function nextPersonNumber(tx: Tx): Promise<string> {
  const text = `select nextval('person_series')::text as number`;
  return (await tx.query<{ number: string }>(text, [], 'dartwing_person_number')).rows[0]!.number;
}

export interface NewPerson {
  id: string;
  email: string;
  firstName: string;
  lastName: string;
  source: 'signup' | 'invite' | 'import';
  at: Date;
  by: string;
}

/** Inserts a person; returns undefined when another transaction has just made one with this address. */
export async function insertPerson(tx: Tx, person: NewPerson): Promise<PersonRow | undefined> {
  const text = `insert into person (id, primary_email, first_name, last_name, source, created_at, created_by, modified_at, modified_by)
    values ($1, $2, $3, $4, $5, $6, $7, $6, $7) on conflict (primary_email) do nothing returning ${personColumns}`;
  const { id, email, firstName, lastName, source, at, by } = person;
  return (
    await tx.query<PersonRow>(
      text,
      [id, email, firstName, lastName, source, at, by],
      'dartwing_person_insert',
    )
  ).rows[0];
}

/** Gives a person a login account named by the e-mail address, once. */
export async function ensureAccount(tx: Tx, person: string, email: string, at: Date): Promise<void> {
  const text = `with account as (
      insert into user_account (name, person, created_at) values ($2, $1, $3) on conflict do nothing
    )
    update person set frappe_user = $2, user_sync_status = 'synced', last_sync_at = $3, sync_error_message = null
    where id = $1 and frappe_user is null`;
  await tx.query(text, [person, email, at], 'dartwing_account_ensure');
}

export async function findRole(tx: Tx, name: string): Promise<RoleRow | undefined> {
  const text = 'select role_name, applies_to_org_type, is_supervisor from role_template where role_name = $1';
  return (await tx.query<RoleRow>(text, [name], 'dartwing_role_find')).rows[0];
}

export async function findRolesOfType(tx: Tx, type: string): Promise<RoleRow[]> {
  const text = `select role_name, applies_to_org_type, is_supervisor from role_template
    where applies_to_org_type = $1 order by is_supervisor desc, role_name`;
  return (await tx.query<RoleRow>(text, [type], 'dartwing_roles_of_type')).rows;
}

/** Adds role templates that are missing; existing ones are left as they are. Returns how many were added. */
export async function insertMissingRoles(tx: Tx, roles: readonly RoleRow[]): Promise<number> {
  const text = `insert into role_template (role_name, applies_to_org_type, is_supervisor)
    select role_name, applies_to_org_type, is_supervisor from jsonb_populate_recordset(null::role_template, $1::jsonb)
    on conflict (role_name) do nothing`;
  return (await tx.query(text, [JSON.stringify(roles)])).rowCount;
}

export async function findMember(
  tx: Tx,
  organization: string,
  person: string,
): Promise<MemberRow | undefined> {
  const text = `select ${memberColumns} from org_member where organization = $1 and person = $2 for update`;
  return (await tx.query<MemberRow>(text, [organization, person], 'dartwing_member_find')).rows[0];
}

export async function findMembers(
  tx: Tx,
  organization: string,
): Promise<(MemberRow & { is_supervisor: boolean })[]> {
  const text = `select ${memberColumns.replaceAll(/(\w+)/g, 'm.$1')}, r.is_supervisor
    from org_member m join role_template r on r.role_name = m.role
    where m.organization = $1 order by m.person_email`;
  return (await tx.query<MemberRow & { is_supervisor: boolean }>(text, [organization], 'dartwing_members'))
    .rows;
}

export interface NewMember {
  organization: { id: string; name: string; type: string };
  id: string;
  person: PersonRow;
  role: string;
  at: Date;
}

export async function insertMember(
  tx: Tx,
  { organization, id, person, role, at }: NewMember,
): Promise<MemberRow> {
  const text = `insert into org_member (organization, id, person, role, status, start_date, member_name, person_email,
      organization_name, organization_type, created_at, modified_at)
    values ($1, $2, $3, $4, 'active', ($5::timestamptz at time zone 'UTC')::date, $6, $7, $8, $9, $5, $5)
    returning ${memberColumns}`;
  const values = [
    organization.id,
    id,
    person.id,
    role,
    at,
    fullName(person),
    person.primary_email,
    organization.name,
    organization.type,
  ];
  return (await tx.query<MemberRow>(text, values, 'dartwing_member_insert')).rows[0]!;
}

/** Reactivates a former member in the row it had. */
export async function reactivateMember(
  tx: Tx,
  member: MemberRow,
  role: string,
  at: Date,
): Promise<MemberRow> {
  const text = `update org_member set status = 'active', role = $3, end_date = null,
      start_date = ($4::timestamptz at time zone 'UTC')::date, modified_at = $4
    where organization = $1 and id = $2 returning ${memberColumns}`;
  return (
    await tx.query<MemberRow>(text, [member.organization, member.id, role, at], 'dartwing_member_reactivate')
  ).rows[0]!;
}

export async function updateMemberRole(
  tx: Tx,
  member: MemberRow,
  role: string,
  at: Date,
): Promise<MemberRow> {
  const text = `update org_member set role = $3, modified_at = $4 where organization = $1 and id = $2 returning ${memberColumns}`;
  return (await tx.query<MemberRow>(text, [member.organization, member.id, role, at], 'dartwing_member_role'))
    .rows[0]!;
}

export async function endMember(tx: Tx, member: MemberRow, at: Date): Promise<MemberRow> {
  const text = `update org_member set status = 'inactive', modified_at = $3,
      end_date = greatest(start_date, ($3::timestamptz at time zone 'UTC')::date)
    where organization = $1 and id = $2 returning ${memberColumns}`;
  return (await tx.query<MemberRow>(text, [member.organization, member.id, at], 'dartwing_member_end'))
    .rows[0]!;
}

/** Active supervisors of an organization other than one member. */
export async function countOtherSupervisors(tx: Tx, member: MemberRow): Promise<number> {
  const text = `select count(*)::int as count from org_member m join role_template r on r.role_name = m.role
    where m.organization = $1 and m.id <> $2 and m.status = 'active' and r.is_supervisor`;
  return (
    await tx.query<{ count: number }>(text, [member.organization, member.id], 'dartwing_member_supervisors')
  ).rows[0]!.count;
}

export async function isSupervisorRole(tx: Tx, role: string): Promise<boolean> {
  return (await findRole(tx, role))?.is_supervisor ?? false;
}

/** The two grants of an active membership: the organization and its concrete record. Safe to run again. */
export async function insertGrants(
  tx: Tx,
  person: string,
  organization: { id: string; linkedDoctype: string; linkedName: string },
  at: Date,
): Promise<number> {
  const text = `insert into permission_grant (organization, user_name, allow, for_value, created_at)
    select $1, p.frappe_user, g.allow, g.for_value, $5
    from person p, (values ('Organization', $1), ($3, $4)) as g (allow, for_value)
    where p.id = $2 and p.frappe_user is not null
    on conflict do nothing`;
  const values = [organization.id, person, organization.linkedDoctype, organization.linkedName, at];
  return (await tx.query(text, values, 'dartwing_grants_insert')).rowCount;
}

export async function deleteGrants(tx: Tx, organization: string, person: string): Promise<number> {
  const text = `delete from permission_grant where organization = $1
    and user_name = (select frappe_user from person where id = $2)`;
  return (await tx.query(text, [organization, person], 'dartwing_grants_delete')).rowCount;
}

/** The mirror of an organization's name in its member rows. */
export async function mirrorOrganizationName(tx: Tx, organization: string, name: string): Promise<void> {
  await tx.query('update org_member set organization_name = $2 where organization = $1', [
    organization,
    name,
  ]);
}

/** Everything of the room that belongs to an organization, when it is purged. */
export async function deleteOrganizationRows(tx: Tx, organization: string): Promise<void> {
  await tx.query('delete from permission_grant where organization = $1', [organization]);
  await tx.query('delete from org_member where organization = $1', [organization]);
}

export function fullName(person: Pick<PersonRow, 'first_name' | 'last_name'>): string {
  return `${person.first_name} ${person.last_name}`.trim();
}
