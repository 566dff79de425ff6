/** Reconciliation of memberships and grants, next to that of organizations. */
import { authorize, recordAct, type Scope } from '../access/index.js';
import type { Tx } from '../db/index.js';

export interface MembershipFinding {
  id: 'organization.no_supervisor' | 'member.without_grant' | 'grant.without_member';
  organization: string;
  slug: string;
  severity: 'fail' | 'warn';
  what: string;
  fix: string;
}

/** Organizations without supervisor, members without grants and grants without members; one (id) or all. */
export async function verifyMemberships(scope: Scope, organization?: string): Promise<MembershipFinding[]> {
  authorize(scope, 'verify', { doctype: 'Org Member', name: '*' });
  return (await findMismatches(scope.tx, organization)).map(describe);
}

/** Adds missing grants and drops orphaned ones. Who supervises is for people to decide, so that is not mended. */
export async function repairMemberships(scope: Scope, organization?: string): Promise<MembershipFinding[]> {
  authorize(scope, 'repair', { doctype: 'Org Member', name: '*' });
  const mismatches = (await findMismatches(scope.tx, organization)).filter(
    (row) => row.id !== 'organization.no_supervisor',
  );
  const at = scope.clock.now();
  for (const row of mismatches) {
    if (row.id === 'member.without_grant') await addGrant(scope.tx, row, at);
    else await dropGrant(scope.tx, row);
    const old = row.id === 'grant.without_member' ? grantOf(row) : null;
    const current = row.id === 'member.without_grant' ? grantOf(row) : null;
    await recordAct(
      scope,
      row.organization,
      'repair',
      { doctype: 'Permission Grant', name: row.user_name! },
      { old, new: current },
    );
  }
  return mismatches.map(describe);
}

interface Mismatch {
  id: MembershipFinding['id'];
  organization: string;
  slug: string;
  user_name: string | null;
  allow: string | null;
  for_value: string | null;
}

function grantOf({ user_name, allow, for_value }: Mismatch) {
  return { user: user_name, allow, for_value };
}

function describe(row: Mismatch): MembershipFinding {
  const grant = `${row.allow} ${row.for_value}`;
  const text = {
    'organization.no_supervisor': {
      what: `${row.slug} has no active supervisor`,
      fix: `dartwing apply -f org.yaml (with a member in a supervisor role)`,
    },
    'member.without_grant': {
      what: `${row.user_name} is an active member of ${row.slug} without the grant for ${grant}`,
      fix: `dartwing org repair ${row.slug}`,
    },
    'grant.without_member': {
      what: `${row.user_name} has the grant for ${grant} in ${row.slug} without an active membership`,
      fix: `dartwing org repair ${row.slug}`,
    },
  }[row.id];
  return {
    id: row.id,
    organization: row.organization,
    slug: row.slug,
    severity: row.id === 'organization.no_supervisor' ? 'warn' : 'fail',
    ...text,
  };
}

async function findMismatches(tx: Tx, organization: string | undefined): Promise<Mismatch[]> {
  const text = `
    with scope as (
      select id, slug, linked_doctype, linked_name from organization where ($1::text is null or id = $1) and status <> 'dissolved'
    ),
    expected as (
      select s.id as organization, s.slug, p.frappe_user as user_name, g.allow, g.for_value
      from scope s join org_member m on m.organization = s.id and m.status = 'active' join person p on p.id = m.person,
        lateral (values ('Organization', s.id), (s.linked_doctype, s.linked_name)) as g (allow, for_value)
      where p.frappe_user is not null and g.for_value is not null
    ),
    actual as (
      select s.id as organization, s.slug, g.user_name, g.allow, g.for_value
      from scope s join permission_grant g on g.organization = s.id
      where g.allow in ('Organization', 'Family', 'Company', 'Nonprofit', 'Association')
    )
    select 'organization.no_supervisor' as id, s.id as organization, s.slug, null as user_name, null as allow, null as for_value
      from scope s where not exists (
        select from org_member m join role_template r on r.role_name = m.role
        where m.organization = s.id and m.status = 'active' and r.is_supervisor)
    union all select 'member.without_grant', x.* from (select * from expected except select * from actual) x
    union all select 'grant.without_member', x.* from (select * from actual except select * from expected) x
    order by 2, 1, 4, 5 limit 1000`;
  return (await tx.query<Mismatch>(text, [organization ?? null])).rows;
}

async function addGrant(tx: Tx, row: Mismatch, at: Date): Promise<void> {
  const text = `insert into permission_grant (organization, user_name, allow, for_value, created_at)
    values ($1, $2, $3, $4, $5) on conflict do nothing`;
  await tx.query(text, [row.organization, row.user_name, row.allow, row.for_value, at]);
}

async function dropGrant(tx: Tx, row: Mismatch): Promise<void> {
  const text =
    'delete from permission_grant where organization = $1 and user_name = $2 and allow = $3 and for_value = $4';
  await tx.query(text, [row.organization, row.user_name, row.allow, row.for_value]);
}
