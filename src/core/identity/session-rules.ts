/** When a session begins, goes on and ends. Pure; every time is the database's. */
import { createHash } from 'node:crypto';
import { limits } from '../limits.js';
import type { Identity } from './claims.js';

export interface SessionRow {
  started_at: Date;
  last_seen_at: Date;
  revoked_at: Date | null;
  revoke_reason: string | null;
}

/** `idleMs` is the strictest of the realm's and those of the person's organizations. */
export interface SessionLimits {
  idleMs: number;
  sessionMs: number;
}

export type SessionStep = { step: 'begin' | 'note' | 'go on' } | { step: 'ended'; reason: string };

/**
 * Tells sessions apart: by the provider's id where it gives one, else by who signed in when. Only the hash is kept:
 * whoever reads the table can end no session at the provider.
 */
export function sessionKey({
  iss,
  sub,
  sid,
  authTime,
}: Pick<Identity, 'iss' | 'sub' | 'sid' | 'authTime'>): Buffer {
  const parts =
    sid === undefined ? ['sign-in', iss, sub, authTime?.toISOString() ?? ''] : ['session', iss, sid];
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}

/** Minutes that organizations ask for; null where none does. */
export interface SessionWishes {
  idle_minutes: number | null;
  session_minutes: number | null;
}

/** The shorter of the realm's times and those that organizations want. */
export function strictest(realm: SessionLimits, wanted: SessionWishes): SessionLimits {
  const shorter = (ms: number, minutes: number | null) =>
    minutes === null ? ms : Math.min(ms, minutes * 60_000);
  return {
    idleMs: shorter(realm.idleMs, wanted.idle_minutes),
    sessionMs: shorter(realm.sessionMs, wanted.session_minutes),
  };
}

/**
 * What a call means for its session. An end is final where the provider names its sessions; where it does not, a
 * token that was issued after the end is taken for a new sign-in, because nothing could tell it from one.
 */
export function nextStep(
  row: SessionRow | undefined,
  { sid, issuedAt }: Pick<Identity, 'sid' | 'issuedAt'>,
  { idleMs, sessionMs }: SessionLimits,
  now: Date,
): SessionStep {
  if (row === undefined) return { step: 'begin' };
  const end = endOf(row, idleMs, sessionMs);
  if (end.at <= now.getTime()) {
    return sid === undefined && issuedAt.getTime() > end.at
      ? { step: 'begin' }
      : { step: 'ended', reason: end.reason };
  }
  const quietMs = now.getTime() - row.last_seen_at.getTime();
  return { step: quietMs >= limits.sessionSeenMs ? 'note' : 'go on' };
}

function endOf(row: SessionRow, idleMs: number, sessionMs: number): { at: number; reason: string } {
  const ends = [
    { at: row.last_seen_at.getTime() + idleMs, reason: 'It was not used for too long' },
    { at: row.started_at.getTime() + sessionMs, reason: 'It has lasted as long as a session may' },
  ];
  if (row.revoked_at !== null)
    ends.push({ at: row.revoked_at.getTime(), reason: `It was ended: ${row.revoke_reason ?? 'revoked'}` });
  return ends.reduce((first, end) => (end.at < first.at ? end : first));
}
