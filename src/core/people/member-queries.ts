/** Statements on memberships. */
import type { Tx } from '../db/index.js';
import type { MemberRow } from './member-document.js';
import type { MemberTerms } from './member-terms.js';
import { fullName, type PersonRow } from './person-document.js';

const columns = `organization, id, person, role, status, start_date, end_date, member_name, person_email`;
const joined = columns.replaceAll(/(\w+)/g, 'm.$1');

/** A member row with what its role says. */
export interface RatedMember extends MemberRow {
  is_supervisor: boolean;
}

/** The membership of a person in an organization, locked. */
export async function lockMember(
  tx: Tx,
  organization: string,
  person: string,
): Promise<RatedMember | undefined> {
  const text = `select ${joined}, r.is_supervisor from org_member m join role_template r on r.role_name = m.role
    where m.organization = $1 and m.person = $2 for update of m`;
  return (await tx.query<RatedMember>(text, [organization, person], 'dartwing_member_lock')).rows[0];
}

/** The id of the person whom a reference means in an organization: a member's id, a person's id or an address. */
export async function findMemberPerson(
  tx: Tx,
  organization: string,
  ref: string,
): Promise<string | undefined> {
  const text = `select person from org_member
    where organization = $1 and (id = $2 or person = $2 or person_email = lower($2)) limit 1`;
  return (await tx.query<{ person: string }>(text, [organization, ref], 'dartwing_member_person')).rows[0]
    ?.person;
}

/** Every member in every state, by e-mail address. */
export async function findMembers(tx: Tx, organization: string): Promise<RatedMember[]> {
  const text = `select ${joined}, r.is_supervisor from org_member m join role_template r on r.role_name = m.role
    where m.organization = $1 order by m.person_email`;
  return (await tx.query<RatedMember>(text, [organization], 'dartwing_members')).rows;
}

/** A page of members, the latest first, and how many there are in all, in one statement. */
export async function pageMembers(
  tx: Tx,
  organization: string,
  states: readonly string[],
  limit: number,
  offset: number,
): Promise<{ rows: RatedMember[]; total: number }> {
  const where = 'where organization = $1 and status = any ($2)';
  const text = `select ${joined}, r.is_supervisor, counted.total
    from (select count(*)::int as total from org_member ${where}) counted
    left join (select * from org_member ${where} order by start_date desc, id limit $3 offset $4) m on true
    left join role_template r on r.role_name = m.role
    order by m.start_date desc, m.id`;
  type Row = RatedMember & { total: number };
  const { rows } = await tx.query<Row>(text, [organization, states, limit, offset], 'dartwing_members_page');
  const found = rows.filter((row) => row.id !== null).map(({ total: _total, ...row }) => row);
  return { rows: found, total: rows[0]!.total };
}

export interface NewMember {
  organization: { id: string; name: string; type: string };
  id: string;
  person: PersonRow;
  terms: MemberTerms;
  at: Date;
}

/** @throws the server's error where the person is a member already */
export async function insertMember(
  tx: Tx,
  { organization, id, person, terms, at }: NewMember,
): Promise<MemberRow> {
  const text = `insert into org_member (organization, id, person, role, status, start_date, end_date, member_name,
      person_email, organization_name, organization_type, created_at, modified_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) returning ${columns}`;
  const { role, status, start_date, end_date } = terms;
  const { primary_email } = person;
  const values = [
    organization.id,
    id,
    person.id,
    role,
    status,
    start_date,
    end_date,
    fullName(person),
    primary_email,
  ];
  const all = [...values, organization.name, organization.type, at];
  return (await tx.query<MemberRow>(text, all, 'dartwing_member_insert')).rows[0]!;
}

export async function updateMember(
  tx: Tx,
  member: Pick<MemberRow, 'organization' | 'id'>,
  { role, status, start_date, end_date }: MemberTerms,
  at: Date,
): Promise<MemberRow> {
  // Whoever comes back after an end comes back as a member, unless invited as a guest again.
  const text = `update org_member set role = $3, status = $4, start_date = $5, end_date = $6, modified_at = $7,
      guest_until = case when $4 = 'inactive' then null else guest_until end
    where organization = $1 and id = $2 returning ${columns}`;
  const values = [member.organization, member.id, role, status, start_date, end_date, at];
  return (await tx.query<MemberRow>(text, values, 'dartwing_member_update')).rows[0]!;
}

export async function deleteMemberRow(tx: Tx, member: Pick<MemberRow, 'organization' | 'id'>): Promise<void> {
  await tx.query('delete from org_member where organization = $1 and id = $2', [
    member.organization,
    member.id,
  ]);
}

/**
 * Makes changes of who supervises an organization queue up until the transaction ends. Inserts that point to the
 * organization are not held up by it.
 */
export async function lockSupervision(tx: Tx, organization: string): Promise<void> {
  const text = 'select 1 from organization where id = $1 for no key update';
  await tx.query(text, [organization], 'dartwing_supervision_lock');
}

/** Active supervisors of an organization other than one member. */
export async function countOtherSupervisors(
  tx: Tx,
  member: Pick<MemberRow, 'organization' | 'id'>,
): Promise<number> {
  const text = `select count(*)::int as count from org_member m join role_template r on r.role_name = m.role
    where m.organization = $1 and m.id <> $2 and m.status = 'active' and r.is_supervisor`;
  return (
    await tx.query<{ count: number }>(text, [member.organization, member.id], 'dartwing_member_supervisors')
  ).rows[0]!.count;
}

/** Whether a person is an active supervisor of an organization. */
export async function isSupervisorOf(tx: Tx, organization: string, person: string): Promise<boolean> {
  const text = `select 1 from org_member m join role_template r on r.role_name = m.role
    where m.organization = $1 and m.person = $2 and m.status = 'active' and r.is_supervisor`;
  return (await tx.query(text, [organization, person], 'dartwing_member_supervises')).rowCount > 0;
}

/** One organization of a person, as the person's own list shows it. */
export interface PersonOrganization {
  organization: string;
  slug: string;
  org_name: string;
  org_type: string;
  logo: string | null;
  status: string;
  linked_doctype: string | null;
  linked_name: string | null;
  role: string;
  is_supervisor: boolean;
  membership_status: MemberRow['status'];
  start_date: string;
  end_date: string | null;
  /** False while grants are on their way, and for whoever is not an active member. */
  has_access: boolean;
}

/** All organizations of a person, former ones included. */
export async function findOrganizationsOf(
  tx: Tx,
  person: string,
  state: string | undefined,
): Promise<PersonOrganization[]> {
  const text = `select o.id as organization, o.slug, o.org_name, o.org_type, o.logo, o.status, o.linked_doctype, o.linked_name,
      m.role, r.is_supervisor, m.status as membership_status, m.start_date, m.end_date, g.organization is not null as has_access
    from org_member m
    join organization o on o.id = m.organization
    join role_template r on r.role_name = m.role
    join person p on p.id = m.person
    left join permission_grant g on g.organization = o.id and g.user_name = p.frappe_user
      and g.allow = 'Organization' and g.for_value = o.id
    where m.person = $1 and ($2::text is null or m.status = $2)
    order by m.status = 'active' desc, o.org_name, o.id`;
  return (await tx.query<PersonOrganization>(text, [person, state ?? null], 'dartwing_organizations_of'))
    .rows;
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
  await tx.query('update person set personal_org = null where personal_org = $1', [organization]);
  await tx.query('delete from org_member where organization = $1', [organization]);
}

/** Organizations that are not dissolved, one (id) or all, and whether somebody supervises them. */
export async function findSupervised(tx: Tx, organization: string | undefined): Promise<Supervised[]> {
  const text = `select o.id, o.slug, exists (
      select from org_member m join role_template r on r.role_name = m.role
      where m.organization = o.id and m.status = 'active' and r.is_supervisor) as supervised,
      (select min(r.role_name) from role_template r where r.applies_to_org_type = o.org_type and r.is_supervisor) as role
    from organization o where ($1::text is null or o.id = $1) and o.status <> 'dissolved' order by o.id`;
  return (await tx.query<Supervised>(text, [organization ?? null])).rows;
}

/** An organization, whether an active member supervises it, and a role in which somebody could. */
export interface Supervised {
  id: string;
  slug: string;
  supervised: boolean;
  role: string | null;
}

/** Addresses of the active supervisors of an organization. */
export async function listAdministrators(tx: Tx, organization: string, limit: number): Promise<string[]> {
  const text = `select m.person_email as email from org_member m join role_template r on r.role_name = m.role
    where m.organization = $1 and m.status = 'active' and r.is_supervisor order by m.id limit $2`;
  return (await tx.query<{ email: string }>(text, [organization, limit])).rows.map(({ email }) => email);
}
