/** Every statement of the access room on rights, grants and their log. */
import type { Tx } from '../db/index.js';
import type { StoredRights } from './context.js';

/** The version stamp of a person's rights; binds the transaction to the person. */
export async function selectStamp(tx: Tx, person: string): Promise<string> {
  const text = "select access_stamp(set_config('dartwing.person', $1, true)) as stamp";
  return (await tx.query<{ stamp: string }>(text, [person], 'dartwing_access_stamp')).rows[0]!.stamp;
}

/** Stamp and rights of one moment; binds the transaction to the person. */
export async function selectRights(
  tx: Tx,
  person: string,
  at: Date,
): Promise<{ stamp: string; rights: StoredRights | null }> {
  const text = "select stamp, rights from access_rights(set_config('dartwing.person', $1, true), $2)";
  const { rows } = await tx.query<{ stamp: string; rights: StoredRights | null }>(
    text,
    [person, at],
    'dartwing_access_rights',
  );
  return rows[0]!;
}

/** A person by id or address. */
export async function selectPerson(tx: Tx, ref: string): Promise<{ id: string; email: string } | undefined> {
  const text = 'select id, primary_email as email from person where id = $1 or primary_email = lower($1)';
  return (await tx.query<{ id: string; email: string }>(text, [ref], 'dartwing_access_person')).rows[0];
}

/** Where documents of a name are: in one organization, or the first two of all that have one. */
export async function selectDocuments(
  tx: Tx,
  { doctype, name }: { doctype: string; name: string },
  organization: string | undefined,
): Promise<{ organization: string; owner: string | null }[]> {
  // One look by key in each organization: there is no index on names across them, and nothing else needs one.
  const text = `select found.organization, found.owner
    from organization o cross join lateral (
      select d.organization, d.owner from document d where d.organization = o.id and d.doctype = $1 and d.name = $2
    ) found
    where $3::text is null or o.id = $3 limit 2`;
  return (
    await tx.query<{ organization: string; owner: string | null }>(text, [
      doctype,
      name,
      organization ?? null,
    ])
  ).rows;
}

/** Why somebody has the rights they have: facts for an explanation. */
export interface Standing {
  person_status: string;
  user: string | null;
  enabled: boolean | null;
  /** Null without an organization, or when it is not there. */
  organization_status: string | null;
  membership: string | null;
  role: string | null;
  guest_until: string | null;
  granted: boolean;
}

export async function selectStanding(tx: Tx, person: string, organization: string | null): Promise<Standing> {
  const text = `select p.status as person_status, u.name as user, u.enabled, o.status as organization_status, m.status as membership,
      m.role, to_jsonb(m) ->> 'guest_until' as guest_until,
      exists (select from permission_grant g where g.user_name = u.name and g.organization = o.id
        and g.allow = 'Organization' and g.for_value = o.id) as granted
    from person p left join user_account u on u.name = p.frappe_user left join organization o on o.id = $2
    left join org_member m on m.organization = o.id and m.person = p.id
    where p.id = $1`;
  return (await tx.query<Standing>(text, [person, organization], 'dartwing_access_standing')).rows[0]!;
}

/** The id of an organization by id or slug; `lock` keeps its members as they are. */
export async function selectOrganization(tx: Tx, ref: string, lock = false): Promise<string | undefined> {
  const text = `select id from organization where id = $1 or slug = $1${lock ? ' for no key update' : ''}`;
  return (await tx.query<{ id: string }>(text, [ref])).rows[0]?.id;
}

/** What `permission log` shows of one propagation. */
export interface GrantEvent {
  id: string;
  at: Date;
  event: 'create' | 'remove' | 'skip';
  organization: string;
  person: string | null;
  user: string | null;
  org_member: string | null;
  allow: string | null;
  for_value: string | null;
  reason: string;
}

export interface GrantEventFilter {
  organization?: string | undefined;
  person?: string | undefined;
  event?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  limit: number;
}

/** The newest events that match, newest first. */
export async function selectEvents(tx: Tx, filter: GrantEventFilter): Promise<GrantEvent[]> {
  const text = `select id::text as id, at, event, organization, person, user_name as user, org_member, allow, for_value, reason
    from permission_event
    where ($1::text is null or organization = $1) and ($2::text is null or person = $2) and ($3::text is null or event = $3)
      and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
    order by id desc limit $6`;
  const { organization, person, event, since, until, limit } = filter;
  const values = [organization ?? null, person ?? null, event ?? null, since ?? null, until ?? null, limit];
  return (await tx.query<GrantEvent>(text, values)).rows;
}

/** A grant that should be there and is not, or the other way round. */
export interface Mismatch {
  id: 'member.without_grant' | 'grant.without_member';
  organization: string;
  slug: string;
  user: string;
  allow: string;
  for_value: string;
}

/** The grants of `$1` (ids) as memberships demand them, and as they are. Grants of single documents are left alone. */
const compared = `
  with asked as (select id, slug, linked_doctype, linked_name from organization where id = any ($1)),
  expected as (
    select o.id as organization, o.slug, p.frappe_user as user, g.allow, g.for_value
    from asked o join org_member m on m.organization = o.id and m.status = 'active' join person p on p.id = m.person,
      lateral (values ('Organization', o.id), (o.linked_doctype, o.linked_name)) as g (allow, for_value)
    where p.frappe_user is not null and g.for_value is not null
  ),
  actual as (
    select o.id as organization, o.slug, g.user_name as user, g.allow, g.for_value
    from asked o join permission_grant g on g.organization = o.id
    where g.allow in ('Organization', 'Family', 'Company', 'Nonprofit', 'Association')
  )`;

/** What is missing and what is too much in some organizations. */
export async function selectMismatches(tx: Tx, organizations: readonly string[]): Promise<Mismatch[]> {
  const text = `${compared}
    select 'member.without_grant' as id, x.* from (select * from expected except select * from actual) x
    union all
    select 'grant.without_member', x.* from (select * from actual except select * from expected) x
    order by 2, 1, 4, 5 desc`;
  return (await tx.query<Mismatch>(text, [organizations], 'dartwing_access_mismatches')).rows;
}

export async function insertGrants(tx: Tx, missing: readonly Mismatch[], at: Date): Promise<void> {
  const text = `insert into permission_grant (organization, user_name, allow, for_value, created_at)
    select g.organization, g."user", g.allow, g.for_value, $2
    from jsonb_to_recordset($1::jsonb) as g (organization text, "user" text, allow text, for_value text)
    on conflict do nothing`;
  if (missing.length > 0) await tx.query(text, [JSON.stringify(missing), at], 'dartwing_access_grant');
}

export async function deleteGrants(tx: Tx, orphans: readonly Mismatch[]): Promise<void> {
  const text = `delete from permission_grant p
    using jsonb_to_recordset($1::jsonb) as g (organization text, "user" text, allow text, for_value text)
    where p.organization = g.organization and p.user_name = g."user" and p.allow = g.allow and p.for_value = g.for_value`;
  if (orphans.length > 0) await tx.query(text, [JSON.stringify(orphans)], 'dartwing_access_revoke');
}

/** A page of organizations in the order of their ids. */
export async function pageOrganizations(
  tx: Tx,
  after: string,
  limit: number,
  lock: boolean,
): Promise<string[]> {
  // Whoever changes members of an organization locks its row first, so nothing moves under a recomputation.
  const text = `select id from organization where id > $1 order by id limit $2${lock ? ' for no key update' : ''}`;
  return (await tx.query<{ id: string }>(text, [after, limit])).rows.map(({ id }) => id);
}
