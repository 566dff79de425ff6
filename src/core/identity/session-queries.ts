/** Statements about sessions and logout tokens. Times are the database's: processes have clocks of their own. */
import type { Tx } from '../db/index.js';
import type { Identity } from './claims.js';
import type { SessionRow, SessionWishes } from './session-rules.js';

/** The shortest times that the organizations of a person ask for, by their settings and by their compliance policies. */
const wishes = (person: string) => `left join lateral (
      select min(least(o.session_timeout_minutes, p.session_idle_minutes)) as idle_minutes,
        min(p.session_minutes) as session_minutes
      from org_member m join organization o on o.id = m.organization
        left join compliance_policy p on p.organization = o.id and p.superseded_at is null
      where m.person = ${person} and m.status = 'active'
    ) wanted on true`;

/** A session, the database's time and what the organizations of the person ask for. */
export async function readSession(
  tx: Tx,
  key: Buffer,
  person: string,
): Promise<{ session: SessionRow | undefined; now: Date; wanted: SessionWishes }> {
  const text = `select s.started_at, s.last_seen_at, s.revoked_at, s.revoke_reason, now() as now,
      wanted.idle_minutes, wanted.session_minutes
    from (values (1)) as one left join identity_session s on s.id_hash = $1 ${wishes('$2')}`;
  const { rows } = await tx.query<
    { [Key in keyof SessionRow]: SessionRow[Key] | null } & { now: Date } & SessionWishes
  >(text, [key, person], 'dartwing_session_read');
  const { now, idle_minutes, session_minutes, ...session } = rows[0]!;
  return {
    session: session.started_at === null ? undefined : (session as SessionRow),
    now,
    wanted: { idle_minutes, session_minutes },
  };
}

/**
 * Begins a session. `again` begins one anew that has ended; otherwise one that somebody began or ended meanwhile is
 * left alone, and the answer is false.
 */
export async function beginSession(
  tx: Tx,
  key: Buffer,
  person: string,
  identity: Identity,
  again: boolean,
): Promise<boolean> {
  const text = `insert into identity_session (id_hash, issuer, subject, person, acr, amr, auth_time, has_sid, started_at, last_seen_at)
    values ($1, $2, $3, $4, $5, $6, $7, $9, now(), now())
    on conflict (id_hash) do update set person = excluded.person, started_at = now(), last_seen_at = now(),
      revoked_at = null, revoke_reason = null where $8`;
  const { iss, sub, sid, acr = null, amr, authTime = null } = identity;
  const values = [key, iss, sub, person, acr, amr, authTime, again, sid !== undefined];
  return (await tx.query(text, values, 'dartwing_session_begin')).rowCount === 1;
}

export async function noteSession(tx: Tx, key: Buffer): Promise<void> {
  const text = 'update identity_session set last_seen_at = now() where id_hash = $1 and revoked_at is null';
  await tx.query(text, [key], 'dartwing_session_note');
}

/** What a browser's session was begun with. */
export interface BrowserBegin {
  key: Buffer;
  person: string;
  identity: Identity;
  /** Hash of the provider's session. */
  providerSid: Buffer | null;
  /** Sealed. */
  idToken: Buffer;
}

export async function beginBrowserSession(tx: Tx, begin: BrowserBegin): Promise<void> {
  const text = `insert into identity_session (id_hash, issuer, subject, person, acr, amr, auth_time, has_sid, provider_sid,
      id_token, started_at, last_seen_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now(), now())`;
  const { key, person, identity, providerSid, idToken } = begin;
  const { iss, sub, acr = null, amr, authTime = null } = identity;
  const values = [key, iss, sub, person, acr, amr, authTime, providerSid !== null, providerSid, idToken];
  await tx.query(text, values, 'dartwing_browser_begin');
}

/** A browser's session with what was known when it began. */
export interface BrowserRow extends SessionRow, SessionWishes {
  issuer: string;
  subject: string;
  acr: string | null;
  amr: string[];
  auth_time: Date | null;
  now: Date;
}

export async function readBrowserSession(tx: Tx, key: Buffer): Promise<BrowserRow | undefined> {
  const text = `select s.issuer, s.subject, s.acr, s.amr, s.auth_time, s.started_at, s.last_seen_at, s.revoked_at,
      s.revoke_reason, now() as now, wanted.idle_minutes, wanted.session_minutes
    from identity_session s ${wishes('s.person')} where s.id_hash = $1 and s.subject is not null`;
  return (await tx.query<BrowserRow & Record<string, unknown>>(text, [key], 'dartwing_browser_read')).rows[0];
}

/** Ends a browser's session; its sealed ID token is given back once and forgotten here. */
export async function endBrowserSession(
  tx: Tx,
  key: Buffer,
  reason: string,
): Promise<(EndedSession & { idToken: Buffer | null }) | undefined> {
  const text = `with open as (
      select id_hash, id_token from identity_session where id_hash = $1 and revoked_at is null for update)
    update identity_session s set revoked_at = now(), revoke_reason = $2, id_token = null from open
    where s.id_hash = open.id_hash
    returning s.person, extract(epoch from now() - s.started_at)::float8 as seconds, open.id_token as "idToken"`;
  type Row = EndedSession & { idToken: Buffer | null } & Record<string, unknown>;
  return (await tx.query<Row>(text, [key, reason], 'dartwing_browser_end')).rows[0];
}

/** Ends the browsers' sessions that came from one session at the provider. */
export async function endProviderSession(
  tx: Tx,
  issuer: string,
  providerSid: Buffer,
  reason: string,
): Promise<EndedSession[]> {
  const text = `update identity_session set revoked_at = now(), revoke_reason = $3, id_token = null
    where issuer = $1 and provider_sid = $2 and revoked_at is null returning ${ended}`;
  return (
    await tx.query<EndedSession & Record<string, unknown>>(
      text,
      [issuer, providerSid, reason],
      'dartwing_provider_session_end',
    )
  ).rows;
}

/** An ended session. */
export interface EndedSession {
  person: string | null;
  seconds: number;
}

const ended = 'person, extract(epoch from now() - started_at)::float8 as seconds';

/**
 * Ends a session, known or not: a token of one that we have not met yet must not open it afterwards.
 * Returns nothing when it had ended before.
 */
export async function endSession(
  tx: Tx,
  key: Buffer,
  issuer: string,
  reason: string,
): Promise<EndedSession[]> {
  const text = `insert into identity_session (id_hash, issuer, started_at, last_seen_at, revoked_at, revoke_reason)
    values ($1, $2, now(), now(), now(), $3)
    on conflict (id_hash) do update set revoked_at = now(), revoke_reason = excluded.revoke_reason
      where identity_session.revoked_at is null
    returning ${ended}`;
  return (
    await tx.query<EndedSession & Record<string, unknown>>(
      text,
      [key, issuer, reason],
      'dartwing_session_end',
    )
  ).rows;
}

/**
 * Ends the sessions of a subject whose tokens name none. A logout token that names a session may mean any of them:
 * some providers name it there only.
 */
export async function endUnnamed(
  tx: Tx,
  issuer: string,
  subject: string,
  reason: string,
): Promise<EndedSession[]> {
  const text = `update identity_session set revoked_at = now(), revoke_reason = $3
    where issuer = $1 and subject = $2 and not has_sid and revoked_at is null returning ${ended}`;
  return (
    await tx.query<EndedSession & Record<string, unknown>>(
      text,
      [issuer, subject, reason],
      'dartwing_session_end_unnamed',
    )
  ).rows;
}

/** Ends all sessions of a subject and makes its tokens issued until then worthless. */
export async function endSubject(
  tx: Tx,
  issuer: string,
  subject: string,
  until: Date,
  reason: string,
): Promise<EndedSession[]> {
  await tx.query(
    `update identity_link set signed_out_at = greatest(signed_out_at, $3) where issuer = $1 and subject = $2`,
    [issuer, subject, until],
    'dartwing_subject_signed_out',
  );
  const text = `update identity_session set revoked_at = now(), revoke_reason = $3
    where issuer = $1 and subject = $2 and revoked_at is null returning ${ended}`;
  return (
    await tx.query<EndedSession & Record<string, unknown>>(
      text,
      [issuer, subject, reason],
      'dartwing_subject_end',
    )
  ).rows;
}

/** Ends the sessions of a person at one issuer whose tokens all name their session. */
export async function endPersonSessions(
  tx: Tx,
  person: string,
  issuer: string,
  reason: string,
): Promise<EndedSession[]> {
  const text = `update identity_session set revoked_at = now(), revoke_reason = $3
    where person = $1 and issuer = $2 and revoked_at is null returning ${ended}`;
  return (
    await tx.query<EndedSession & Record<string, unknown>>(
      text,
      [person, issuer, reason],
      'dartwing_person_issuer_end',
    )
  ).rows;
}

/** Ends every session of a person and makes the tokens issued until now worthless. */
export async function endPerson(tx: Tx, person: string, reason: string): Promise<EndedSession[]> {
  await tx.query(
    'update identity_link set signed_out_at = now() where person = $1',
    [person],
    'dartwing_person_out',
  );
  const text = `update identity_session set revoked_at = now(), revoke_reason = $2
    where person = $1 and revoked_at is null returning ${ended}`;
  return (
    await tx.query<EndedSession & Record<string, unknown>>(text, [person, reason], 'dartwing_person_end')
  ).rows;
}

/** Forgets sessions whose tokens have all expired long ago, a few at a time. */
export async function forgetSessions(tx: Tx, keptMs: number): Promise<void> {
  const text = `delete from identity_session where id_hash in (
    select id_hash from identity_session where last_seen_at < now() - make_interval(secs => $1) limit 100)`;
  await tx.query(text, [keptMs / 1000], 'dartwing_sessions_forget');
}

/** Remembers a logout token; false when it has been seen. */
export async function rememberLogout(tx: Tx, id: Buffer, keptMs: number): Promise<boolean> {
  await tx.query(
    'delete from logout_token where seen_at < now() - make_interval(secs => $1)',
    [keptMs / 1000],
    'dartwing_logout_forget',
  );
  const text = 'insert into logout_token (id_hash, seen_at) values ($1, now()) on conflict do nothing';
  return (await tx.query(text, [id], 'dartwing_logout_remember')).rowCount === 1;
}
