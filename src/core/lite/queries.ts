/** Every statement of lite mode. */
import type { Tx } from '../db/index.js';
import { liteIssuer } from './tokens.js';

/** Somebody as far as signing in needs them. */
export interface AccountRow {
  person: string;
  email: string;
  first_name: string;
  last_name: string;
  status: 'active' | 'inactive' | 'merged';
  personal_org: string | null;
  /** The address was changed and its owner has not proven it since. */
  email_proof_due: boolean;
  /** Undefined without a password. */
  hash: string | null;
  changed_at: Date | null;
  subject: string | null;
  totp: Buffer | null;
  totp_former: Buffer | null;
  totp_confirmed_at: Date | null;
  /** Shortest password and shortest lock that the policies of the person's organizations ask for. */
  password_chars_min: number | null;
  sign_in_lock_minutes: number | null;
}

const account = `select wanted.password_chars_min, wanted.sign_in_lock_minutes, p.id as person, p.primary_email as email, p.first_name, p.last_name, p.status, p.personal_org,
    p.email_proof_due,
    w.hash, w.changed_at, l.subject, t.sealed_secret as totp, t.secret as totp_former, t.confirmed_at as totp_confirmed_at
  from person p left join lite_password w on w.person = p.id left join lite_totp t on t.person = p.id
    left join identity_link l on l.person = p.id and l.issuer = $2
    left join lateral (
      select max(c.password_chars_min) as password_chars_min, max(c.sign_in_lock_minutes) as sign_in_lock_minutes
      from org_member m join compliance_policy c on c.organization = m.organization and c.superseded_at is null
      where m.person = p.id and m.status = 'active'
    ) wanted on true`;

/** By id or address. With `lock` nobody changes the sign-in of the person until the transaction ends. */
export async function findAccount(tx: Tx, ref: string, lock = false): Promise<AccountRow | undefined> {
  const text = `${account} where p.id = $1 or p.primary_email = lower($1)${lock ? ' for no key update of p' : ''}`;
  return (await tx.query<AccountRow & Record<string, unknown>>(text, [ref, liteIssuer])).rows[0];
}

export async function writePassword(tx: Tx, person: string, hash: string, at: Date): Promise<void> {
  const text = `insert into lite_password (person, hash, changed_at) values ($1, $2, $3)
    on conflict (person) do update set hash = excluded.hash, changed_at = excluded.changed_at`;
  await tx.query(text, [person, hash, at], 'dartwing_lite_password');
}

/** The same password under a hash that costs more. */
export async function replaceHash(tx: Tx, person: string, hash: string): Promise<void> {
  await tx.query('update lite_password set hash = $2 where person = $1', [person, hash]);
}

export async function writeFactor(tx: Tx, person: string, secret: Buffer, at: Date): Promise<void> {
  const text = `insert into lite_totp (person, sealed_secret, created_at) values ($1, $2, $3)
    on conflict (person) do update set secret = null, sealed_secret = excluded.sealed_secret, created_at = excluded.created_at, confirmed_at = null, last_step = 0`;
  await tx.query(text, [person, secret, at]);
}

/** Puts what an earlier version sealed under a data key. */
export async function replaceSecret(tx: Tx, person: string, secret: Buffer): Promise<void> {
  await tx.query('update lite_totp set secret = null, sealed_secret = $2 where person = $1', [
    person,
    secret,
  ]);
}

export async function confirmFactor(tx: Tx, person: string, at: Date): Promise<void> {
  await tx.query('update lite_totp set confirmed_at = $2 where person = $1', [person, at]);
}

/** Uses a time step up; false when it, or a later one, was used before. */
export async function useStep(tx: Tx, person: string, step: number): Promise<boolean> {
  const text = 'update lite_totp set last_step = $2 where person = $1 and last_step < $2';
  return (await tx.query(text, [person, step], 'dartwing_lite_step')).rowCount === 1;
}

export async function dropFactor(tx: Tx, person: string): Promise<boolean> {
  await tx.query('delete from lite_recovery_code where person = $1', [person]);
  return (await tx.query('delete from lite_totp where person = $1', [person])).rowCount === 1;
}

export async function writeRecoveryCodes(tx: Tx, person: string, hashes: readonly Buffer[]): Promise<void> {
  await tx.query('delete from lite_recovery_code where person = $1', [person]);
  const text = 'insert into lite_recovery_code (person, code_hash) select $1, unnest($2::bytea[])';
  await tx.query(text, [person, hashes]);
}

/** Uses a recovery code up; false when there is none. */
export async function useRecoveryCode(tx: Tx, person: string, hash: Buffer): Promise<boolean> {
  const text = 'delete from lite_recovery_code where person = $1 and code_hash = $2';
  return (await tx.query(text, [person, hash], 'dartwing_lite_recovery')).rowCount === 1;
}

export interface RefreshRow {
  sid: string;
  person: string;
  amr: string[];
  auth_time: Date;
  expires_at: Date;
  used_at: Date | null;
  subject: string | null;
  email: string;
}

/** The refresh token of a hash, held until the transaction ends. */
export async function lockRefreshToken(tx: Tx, hash: Buffer): Promise<RefreshRow | undefined> {
  const text = `select r.sid, r.person, r.amr, r.auth_time, r.expires_at, r.used_at, l.subject, p.primary_email as email
    from lite_refresh_token r join person p on p.id = r.person
      left join identity_link l on l.person = r.person and l.issuer = $2
    where r.token_hash = $1 for update of r`;
  return (
    await tx.query<RefreshRow & Record<string, unknown>>(
      text,
      [hash, liteIssuer],
      'dartwing_lite_refresh_lock',
    )
  ).rows[0];
}

export async function insertRefreshToken(
  tx: Tx,
  token: {
    hash: Buffer;
    sid: string;
    person: string;
    amr: readonly string[];
    authTime: Date;
    expiresAt: Date;
  },
): Promise<void> {
  const text = `insert into lite_refresh_token (token_hash, sid, person, amr, auth_time, expires_at)
    values ($1, $2, $3, $4, $5, $6)`;
  const { hash, sid, person, amr, authTime, expiresAt } = token;
  await tx.query(text, [hash, sid, person, amr, authTime, expiresAt], 'dartwing_lite_refresh_insert');
}

export async function useRefreshToken(tx: Tx, hash: Buffer, at: Date): Promise<void> {
  const text = 'update lite_refresh_token set used_at = $2 where token_hash = $1';
  await tx.query(text, [hash, at], 'dartwing_lite_refresh_use');
}

export async function dropSessionTokens(tx: Tx, sid: string): Promise<void> {
  await tx.query('delete from lite_refresh_token where sid = $1', [sid], 'dartwing_lite_refresh_drop');
}

export async function dropPersonTokens(tx: Tx, person: string): Promise<void> {
  await tx.query('delete from lite_refresh_token where person = $1', [person]);
  await tx.query('delete from lite_password_reset where person = $1', [person]);
}

/** Forgets tokens that have ended, a few at a time. */
export async function forgetTokens(tx: Tx, now: Date): Promise<void> {
  for (const table of ['lite_refresh_token', 'lite_password_reset'])
    await tx.query(
      `delete from ${table} where token_hash in (select token_hash from ${table} where expires_at < $1 limit 100)`,
      [now],
      `dartwing_lite_forget_${table}`,
    );
}

/** Notes a reset, unless one was asked for a moment ago. */
export async function insertReset(
  tx: Tx,
  reset: { hash: Buffer; person: string; at: Date; expiresAt: Date; notAfter: Date },
): Promise<boolean> {
  const text = `insert into lite_password_reset (token_hash, person, created_at, expires_at)
    select $1, $2, $3, $4 where not exists (select from lite_password_reset where person = $2 and created_at > $5)`;
  const { hash, person, at, expiresAt, notAfter } = reset;
  return (await tx.query(text, [hash, person, at, expiresAt, notAfter])).rowCount === 1;
}

/** The person whom a reset is for, while it may be used. */
export async function findReset(tx: Tx, hash: Buffer, now: Date): Promise<string | undefined> {
  const text = 'select person from lite_password_reset where token_hash = $1 and expires_at > $2';
  return (await tx.query<{ person: string }>(text, [hash, now], 'dartwing_lite_reset')).rows[0]?.person;
}

/** Uses a reset up; false when somebody else did, or it has ended. */
export async function useReset(tx: Tx, hash: Buffer, now: Date): Promise<boolean> {
  const text = 'delete from lite_password_reset where token_hash = $1 and expires_at > $2';
  return (await tx.query(text, [hash, now], 'dartwing_lite_reset_use')).rowCount === 1;
}

/** Whether a person can sign in with a password. */
export async function hasPassword(tx: Tx, person: string): Promise<boolean> {
  return (await tx.query('select from lite_password where person = $1', [person])).rowCount === 1;
}

/** Gives password, codes and tokens of one person to another who has none. The second factor is sealed for its owner. */
export async function moveSignIn(tx: Tx, loser: string, winner: string): Promise<void> {
  for (const table of ['lite_password', 'lite_recovery_code', 'lite_refresh_token'])
    await tx.query(`update ${table} set person = $2 where person = $1`, [loser, winner]);
}

export async function moveFactor(tx: Tx, loser: string, winner: string, secret: Buffer): Promise<void> {
  await tx.query('update lite_totp set person = $2, secret = null, sealed_secret = $3 where person = $1', [
    loser,
    winner,
    secret,
  ]);
}

/** Takes everything away with which somebody could sign in. */
export async function dropSignIn(tx: Tx, person: string): Promise<void> {
  await tx.query('delete from lite_password where person = $1', [person]);
  await dropFactor(tx, person);
  await dropPersonTokens(tx, person);
}
