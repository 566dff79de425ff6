/** Statements about identities and the accounts behind them. */
import type { Tx } from '../db/index.js';

/** A person as far as signing in needs them. */
export interface SignInRow {
  person: string;
  status: 'active' | 'inactive' | 'merged';
  is_minor: boolean;
  consent_captured: boolean;
  keycloak_user_id: string | null;
  account: string | null;
  enabled: boolean | null;
  system_roles: string[] | null;
  signed_out_at: Date | null;
  /** The identity of this issuer that the person has already, if any. */
  subject: string | null;
}

const columns = `p.id as person, p.status, p.is_minor, p.consent_captured, p.keycloak_user_id,
  a.name as account, a.enabled, a.system_roles, l.signed_out_at, l.subject`;

export async function findBySubject(tx: Tx, issuer: string, subject: string): Promise<SignInRow | undefined> {
  const text = `select ${columns} from identity_link l join person p on p.id = l.person
    left join user_account a on a.person = p.id where l.issuer = $1 and l.subject = $2`;
  return (await tx.query<SignInRow>(text, [issuer, subject], 'dartwing_identity_by_subject')).rows[0];
}

/** The person to whom somebody wrote this identity by hand or by import. */
export async function findByExternalId(tx: Tx, issuer: string, id: string): Promise<SignInRow | undefined> {
  const text = `select ${columns} from person p left join user_account a on a.person = p.id
    left join identity_link l on l.person = p.id and l.issuer = $1 where lower(p.keycloak_user_id) = lower($2)`;
  return (await tx.query<SignInRow>(text, [issuer, id], 'dartwing_identity_by_external_id')).rows[0];
}

export async function findByEmail(tx: Tx, issuer: string, email: string): Promise<SignInRow | undefined> {
  const text = `select ${columns} from person p left join user_account a on a.person = p.id
    left join identity_link l on l.person = p.id and l.issuer = $1 where p.primary_email = $2`;
  return (await tx.query<SignInRow>(text, [issuer, email], 'dartwing_identity_by_email')).rows[0];
}

/** Holds one identity until the end of the transaction, also when nobody is linked to it yet. */
export async function lockIdentity(tx: Tx, issuer: string, subject: string): Promise<void> {
  await tx.query(
    "select pg_advisory_xact_lock(hashtextextended('dartwing identity ' || $1 || ' ' || $2, 0))",
    [issuer, subject],
  );
}

export async function insertLink(
  tx: Tx,
  link: { issuer: string; subject: string; person: string; at: Date },
): Promise<void> {
  await tx.query(
    'insert into identity_link (issuer, subject, person, linked_at) values ($1, $2, $3, $4)',
    [link.issuer, link.subject, link.person, link.at],
    'dartwing_identity_link',
  );
}

/** Writes the identity of the first issuer on the person, where none stands. */
export async function fillExternalId(tx: Tx, person: string, id: string, at: Date): Promise<void> {
  const text = `update person set keycloak_user_id = $2, version = version + 1, modified_at = $3, modified_by = 'identity'
    where id = $1 and keycloak_user_id is null`;
  await tx.query(text, [person, id, at], 'dartwing_identity_external_id');
}

export async function setSystemRoles(tx: Tx, account: string, roles: readonly string[]): Promise<void> {
  const text = 'update user_account set system_roles = $2 where name = $1';
  await tx.query(text, [account, roles], 'dartwing_account_roles');
}

export async function lockAccountRoles(tx: Tx, account: string): Promise<string[]> {
  const text = 'select system_roles from user_account where name = $1 for update';
  return (await tx.query<{ system_roles: string[] }>(text, [account], 'dartwing_account_lock')).rows[0]!
    .system_roles;
}

/** Gives the identities and sessions of one person to another; those of an issuer that the winner has already go. */
export async function moveIdentities(tx: Tx, loser: string, winner: string): Promise<number> {
  await tx.query('update identity_session set person = $2 where person = $1', [loser, winner]);
  await tx.query(
    `delete from identity_link l where l.person = $1
       and exists (select from identity_link w where w.person = $2 and w.issuer = l.issuer)`,
    [loser, winner],
  );
  return (await tx.query('update identity_link set person = $2 where person = $1', [loser, winner])).rowCount;
}

/** What the organization of a call asks of whoever comes in. */
export interface Door {
  id: string;
  slug: string;
  mfa_required: boolean;
  /** Nothing may come over a wire that is not encrypted. */
  tls_required: boolean;
}

/** By id or slug. The compliance policy counts as much as the organization's own setting. */
export async function findDoor(tx: Tx, organization: string): Promise<Door | undefined> {
  const text = doorSql('o.id = $1 or o.slug = $1');
  return (await tx.query<Door & Record<string, unknown>>(text, [organization], 'dartwing_identity_door'))
    .rows[0];
}

/** Selects the door of the organization `o` that a condition chooses. The condition is code, never input. */
export function doorSql(condition: string): string {
  return `select o.id, o.slug, o.mfa_required or coalesce(p.mfa_required, false) as mfa_required,
      coalesce(p.tls_required, false) as tls_required
    from organization o left join compliance_policy p on p.organization = o.id and p.superseded_at is null
    where ${condition}`;
}
