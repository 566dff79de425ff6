/** Every statement of tenancy on organizations. Identifiers come from the registry of concrete types, never from input. */
import { type Expression, type SqlBool, sql } from 'kysely';
import { build, type Tx } from '../db/index.js';
import type { SeriesName } from '../ids.js';
import { containing } from '../input.js';
import type { OrganizationRow } from './document.js';
import type { ParsedCreate } from './input.js';

const columns = `id, slug, org_name, org_type, logo, status, suspended_at, suspended_until, suspended_reason, dissolved_at,
  dissolved_reason, dissolved_from, purge_at, linked_doctype, linked_name, tier, region, parent_organization, legal_hold, mfa_required,
  session_timeout_minutes, version, created_at, created_by, modified_at, modified_by`;

/** By id or slug. */
export async function findOrganization(tx: Tx, ref: string): Promise<OrganizationRow | undefined> {
  const text = `select ${columns} from organization where id = $1 or slug = $1`;
  return (await tx.query<OrganizationRow>(text, [ref], 'dartwing_organization_find')).rows[0];
}

/** By id or slug, locked until the end of the transaction, so that two changes of one organization queue up. */
export async function lockOrganization(tx: Tx, ref: string): Promise<OrganizationRow | undefined> {
  const text = `select ${columns} from organization where id = $1 or slug = $1 for update`;
  return (await tx.query<OrganizationRow>(text, [ref], 'dartwing_organization_lock')).rows[0];
}

/** Next numbers of an organization and of its concrete record; none are taken when there is one of that name already. */
export async function nextNumbers(
  tx: Tx,
  ref: string,
  concrete: SeriesName,
): Promise<{ organization: string; concrete: string } | undefined> {
  const text = `select nextval('organization_series')::text as organization, nextval($2::regclass)::text as concrete
    where not exists (select from organization where id = $1 or slug = $1)`;
  const { rows } = await tx.query<{ organization: string; concrete: string }>(
    text,
    [ref, `${concrete}_series`],
    'dartwing_organization_numbers',
  );
  return rows[0];
}

/** Next number of a concrete record alone, for an organization that lost its own. */
export async function nextConcreteNumber(tx: Tx, concrete: SeriesName): Promise<string> {
  const text = 'select nextval($1::regclass)::text as number';
  return (await tx.query<{ number: string }>(text, [`${concrete}_series`])).rows[0]!.number;
}

export interface NewOrganization {
  id: string;
  linkedDoctype: string;
  linkedName: string;
  input: ParsedCreate;
  at: Date;
  by: string;
}

export async function insertOrganization(
  tx: Tx,
  { id, linkedDoctype, linkedName, input, at, by }: NewOrganization,
): Promise<OrganizationRow> {
  const text = `insert into organization (id, slug, org_name, org_type, logo, linked_doctype, linked_name, tier, region,
      legal_hold, mfa_required, session_timeout_minutes, created_at, created_by, modified_at, modified_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $13, $14) returning ${columns}`;
  const values = [
    id,
    input.slug,
    input.name,
    input.type,
    input.logo,
    linkedDoctype,
    linkedName,
    input.tier,
    input.region,
    input.legalHold,
    input.mfaRequired,
    input.sessionTimeoutMinutes,
    at,
    by,
  ];
  return (await tx.query<OrganizationRow>(text, values, 'dartwing_organization_insert')).rows[0]!;
}

/** Sets columns of an organization and counts its version up. `set` has column names of the table as keys. */
export async function updateOrganization(
  tx: Tx,
  id: string,
  set: Readonly<Partial<Record<keyof OrganizationRow, unknown>>>,
  at: Date,
  by: string,
): Promise<OrganizationRow> {
  const query = build
    .updateTable('organization')
    .set({ ...(set as object), version: sql<number>`version + 1`, modified_at: at, modified_by: by })
    .where('id', '=', id)
    .returningAll();
  return (await tx.run<OrganizationRow>(query))[0]!;
}

export async function deleteOrganization(tx: Tx, id: string): Promise<void> {
  await tx.query('delete from organization where id = $1', [id], 'dartwing_organization_delete');
}

/** Active members of an organization. */
export async function countMembers(tx: Tx, organization: string): Promise<number> {
  const text = `select count(*)::int as count from org_member where organization = $1 and status = 'active'`;
  return (await tx.query<{ count: number }>(text, [organization], 'dartwing_organization_members')).rows[0]!
    .count;
}

/** Role of an active member by address; undefined when nobody there has it. */
export async function findMemberRole(
  tx: Tx,
  organization: string,
  email: string,
): Promise<string | undefined> {
  const text = `select role from org_member
    where organization = $1 and person_email = lower($2) and status = 'active'`;
  const { rows } = await tx.query<{ role: string }>(text, [organization, email]);
  return rows[0]?.role;
}

/** Dissolved organizations whose purge date has come. */
export async function findPurgeable(tx: Tx, now: Date): Promise<OrganizationRow[]> {
  const text = `select ${columns} from organization where status = 'dissolved' and purge_at <= $1 and not legal_hold order by purge_at limit 500`;
  return (await tx.query<OrganizationRow>(text, [now])).rows;
}

export interface ListFilter {
  /** Which rows the principal may see. */
  visible: Expression<SqlBool>;
  state?: string | undefined;
  type?: string | undefined;
  tier?: string | undefined;
  region?: string | undefined;
  /** Text that the slug or the name contains. */
  search?: string | undefined;
  sort: { column: 'slug' | 'org_name' | 'created_at' | 'modified_at' | 'id'; descending: boolean };
  limit: number;
  offset: number;
  now: Date;
}

/** A page of organizations and how many there are in all. */
export async function pageOrganizations(
  tx: Tx,
  filter: ListFilter,
): Promise<{ rows: OrganizationRow[]; total: number }> {
  let query = build
    .selectFrom('organization')
    .selectAll()
    .select(sql<string>`count(*) over ()`.as('total'))
    .where(filter.visible);
  if (filter.type) query = query.where('org_type', '=', filter.type as OrganizationRow['org_type']);
  if (filter.tier) query = query.where('tier', '=', filter.tier as OrganizationRow['tier']);
  if (filter.region) query = query.where('region', '=', filter.region);
  if (filter.state) query = query.where(stateExpression(filter.now), '=', filter.state);
  if (filter.search) {
    const pattern = containing(filter.search);
    query = query.where((eb) => eb.or([eb('slug', 'ilike', pattern), eb('org_name', 'ilike', pattern)]));
  }
  const ordered = query
    .orderBy(filter.sort.column, filter.sort.descending ? 'desc' : 'asc')
    .orderBy('id')
    .limit(filter.limit)
    .offset(filter.offset);
  const rows = await tx.run<OrganizationRow & { total: string }>(ordered);
  if (rows.length > 0 || filter.offset === 0) return { rows, total: Number(rows[0]?.total ?? 0) };
  // Past the last page the window function has no row to count on.
  const first = await pageOrganizations(tx, { ...filter, offset: 0, limit: 1 });
  return { rows: [], total: first.total };
}

function stateExpression(now: Date) {
  return sql<string>`case when status = 'dissolved' then 'dissolved'
    when suspended_at is not null and (suspended_until is null or suspended_until > ${now}) then 'suspended' else status end`;
}
