/** Statements on login accounts, their provisioning, and the grants that follow from memberships. */
import type { Tx } from '../db/index.js';

/**
 * Gives a person an account and notes it as synced. An account that the person has already is linked as it is.
 * @param name the address of the person unless told
 * @returns the name of the account; undefined when the name belongs to somebody else, or nothing was missing
 */
export async function linkAccount(
  tx: Tx,
  person: string,
  at: Date,
  name?: string,
): Promise<string | undefined> {
  const text = `with wanted as (
      select id, coalesce($3, primary_email) as name from person
      where id = $1 and frappe_user is null and status <> 'merged'
    ),
    made as (
      insert into user_account (name, person, created_at) select name, id, $2 from wanted
      on conflict do nothing returning name
    ),
    mine as (select name from made union all select name from user_account where person = $1)
    update person set frappe_user = mine.name, user_sync_status = 'synced', last_sync_at = $2, sync_error_message = null,
      sync_attempts = 0, next_sync_at = null
    from mine where id = $1 and frappe_user is null and status <> 'merged' returning frappe_user`;
  const values = [person, at, name ?? null];
  return (await tx.query<{ frappe_user: string }>(text, values, 'dartwing_account_link')).rows[0]
    ?.frappe_user;
}

/** Renames the account of a person; whatever points to it follows. @throws the server's error for a taken name */
export async function renameAccount(tx: Tx, person: string, name: string): Promise<void> {
  await tx.query('update user_account set name = $2 where person = $1', [person, name]);
}

export async function enableAccount(tx: Tx, person: string, enabled: boolean): Promise<void> {
  await tx.query('update user_account set enabled = $2 where person = $1', [person, enabled]);
}

/** Notes how provisioning goes. The record's version stays: these fields are not the user's. */
export async function noteProvisioning(
  tx: Tx,
  person: string,
  state: {
    status: 'pending' | 'failed';
    message: string | null;
    attempts: number;
    nextAt: Date | null;
    at: Date;
  },
): Promise<void> {
  const text = `update person set user_sync_status = $2, sync_error_message = $3, sync_attempts = $4, next_sync_at = $5,
    last_sync_at = $6 where id = $1`;
  const { status, message, attempts, nextAt, at } = state;
  await tx.query(text, [person, status, message, attempts, nextAt, at], 'dartwing_person_provisioning');
}

/**
 * Claims persons whose account is due for another try until `leaseUntil`, so that two processes never try the same
 * one and a process that dies loses none.
 */
export async function claimDueProvisioning(
  tx: Tx,
  now: Date,
  leaseUntil: Date,
  limit: number,
): Promise<string[]> {
  const text = `update person set next_sync_at = $2 where id in (
      select id from person where user_sync_status = 'pending' and next_sync_at <= $1 and frappe_user is null
      order by next_sync_at limit $3 for update skip locked
    ) returning id`;
  return (await tx.query<{ id: string }>(text, [now, leaseUntil, limit])).rows.map((row) => row.id);
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

/** The grants of all active memberships of a person, where they are missing. @returns the organizations that got some */
export async function insertMissingGrants(tx: Tx, person: string, at: Date): Promise<string[]> {
  const text = `with added as (
      insert into permission_grant (organization, user_name, allow, for_value, created_at)
      select o.id, p.frappe_user, g.allow, g.for_value, $2
      from person p join org_member m on m.person = p.id and m.status = 'active' join organization o on o.id = m.organization,
        lateral (values ('Organization', o.id), (o.linked_doctype, o.linked_name)) as g (allow, for_value)
      where p.id = $1 and p.frappe_user is not null and g.for_value is not null
      on conflict do nothing returning organization
    )
    select distinct organization from added order by organization`;
  return (await tx.query<{ organization: string }>(text, [person, at])).rows.map((row) => row.organization);
}

/** Takes the grants of a person in one organization away, or in all. @returns the organizations that lost some */
export async function deleteGrants(tx: Tx, person: string, organization?: string): Promise<string[]> {
  const text = `with gone as (
      delete from permission_grant where user_name = (select frappe_user from person where id = $1)
        and ($2::text is null or organization = $2) returning organization
    )
    select distinct organization from gone order by organization`;
  const { rows } = await tx.query<{ organization: string }>(text, [person, organization ?? null]);
  return rows.map((row) => row.organization);
}
