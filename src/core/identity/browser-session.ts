/** Sessions of browsers: the same sessions, with the same ends, known by the secret of a cookie instead of a token. */
import { createHash, hkdfSync } from 'node:crypto';
import { recordAct, type Scope } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { DartwingError } from '../errors.js';
import { openText, sealText } from '../keys/index.js';
import { limits } from '../limits.js';
import { followGroups, reportFallback } from './account-roles.js';
import type { Identity } from './claims.js';
import { findBySubject } from './link-queries.js';
import { requireWelcome, resolvePerson } from './resolve.js';
import { recordEnds } from './session.js';
import {
  type BrowserRow,
  beginBrowserSession,
  endBrowserSession,
  forgetSessions,
  noteSession,
  readBrowserSession,
  readSession,
} from './session-queries.js';
import { nextStep, sessionKey, strictest } from './session-rules.js';
import { type Caller, passDoor, type SignInSettings } from './sign-in.js';

/** With what a session begins. */
export interface BrowserSecret {
  /** `dws_` and 256 random bits in base64url; the cookie has it, the database its hash. */
  secret: string;
  idToken: string;
  /** The secret that the browser had before; its session ends, so that nobody goes on with one they planted. */
  former: string | undefined;
}

function isBrowserSecret(text: string): boolean {
  return /^dws_[A-Za-z0-9_-]{43}$/.test(text);
}

/**
 * Begins the session of a browser whose person has just signed in. The groups of the provider are followed here, once:
 * a session lives longer than what it was told of them.
 * @throws IDENTITY_*, SIGN_IN_REFUSED, MINOR_LOCKED, SESSION_ENDED (signed out at the provider meanwhile)
 */
export async function beginBrowser(
  scope: Scope,
  identity: Identity,
  { secret, idToken, former }: BrowserSecret,
  settings: SignInSettings,
): Promise<void> {
  const { tx } = scope;
  const row = await resolvePerson(scope, identity, settings);
  await requireOpen(scope, identity, row);
  reportFallback(identity, row, settings.roleMap, settings.log);
  await followGroups(scope, identity, row, settings.roleMap);
  if (former !== undefined) await endBrowser(scope, former, 'signed in anew');
  const { iss, sid } = identity;
  await beginBrowserSession(tx, {
    key: keyOf(secret),
    person: row.person,
    identity,
    providerSid: sid === undefined ? null : sessionKey({ iss, sub: '', sid }),
    idToken: sealText(sealingKey(secret), placeOf(secret), idToken),
  });
  await forgetSessions(tx, limits.sessionKeptMs);
  await recordAct(
    scope,
    systemOrganization,
    'session.start',
    { doctype: 'Person', name: row.person },
    { new: { issuer: iss, acr: identity.acr ?? null, amr: [...identity.amr], browser: true } },
  );
}

/** A logout token may overtake the ID token of the session that it ends. */
async function requireOpen(
  { tx }: Scope,
  identity: Identity,
  { person, signed_out_at: signedOutAt }: { person: string; signed_out_at: Date | null },
): Promise<void> {
  const { session } = await readSession(tx, sessionKey(identity), person);
  const ends = [signedOutAt, identity.sid === undefined ? null : session?.revoked_at];
  if (ends.some((at) => at && at >= identity.issuedAt))
    throw new DartwingError('SESSION_ENDED', { reason: 'The person signed out meanwhile' });
}

/**
 * Who calls with a secret: the session goes on, or has ended for good.
 * @throws UNAUTHENTICATED (no such session), SESSION_ENDED, SIGN_IN_REFUSED, MFA_REQUIRED, TLS_REQUIRED
 */
export async function resumeBrowser(
  scope: Scope,
  secret: string,
  organization: string | undefined,
  settings: SignInSettings,
  encrypted?: boolean,
): Promise<Caller> {
  const { tx, clock } = scope;
  if (!isBrowserSecret(secret)) throw new DartwingError('UNAUTHENTICATED');
  const key = keyOf(secret);
  const session = await readBrowserSession(tx, key);
  if (session === undefined) throw new DartwingError('UNAUTHENTICATED');
  const allowed = strictest(settings.limits, session);
  const identity = identityOf(session, allowed.sessionMs);
  const next = nextStep(session, identity, allowed, session.now);
  if (next.step === 'ended') throw new DartwingError('SESSION_ENDED', { reason: next.reason });
  const row = await findBySubject(tx, session.issuer, session.subject);
  // Merged into somebody who signs in otherwise.
  if (row === undefined)
    throw new DartwingError('SESSION_ENDED', { reason: 'The sign-in belongs to nobody any more' });
  requireWelcome(row);
  if (next.step === 'note') await noteSession(tx, key);
  if (organization !== undefined)
    await passDoor(tx, { identity, encrypted }, organization, settings.strong, clock.now());
  return {
    principal: { type: 'person', id: row.person },
    account: row.account ?? undefined,
    identity,
    encrypted,
  };
}

/** Ends the session of a secret; one that is unknown or has ended is none. */
export async function endBrowser(
  scope: Scope,
  secret: string,
  reason = 'signed out',
): Promise<{ ended: boolean; idToken: string | undefined }> {
  const end = isBrowserSecret(secret) ? await endBrowserSession(scope.tx, keyOf(secret), reason) : undefined;
  if (end === undefined) return { ended: false, idToken: undefined };
  await recordEnds(scope, [end], reason);
  const idToken =
    end.idToken === null ? undefined : openText(sealingKey(secret), placeOf(secret), end.idToken);
  return { ended: true, idToken };
}

/** What is known of whoever began the session. Its groups were followed then. */
function identityOf(session: BrowserRow, sessionMs: number): Identity {
  const { issuer: iss, subject: sub, acr, amr, auth_time: authTime, started_at: issuedAt } = session;
  return {
    iss,
    sub,
    // Named by us: with a name its end is final.
    sid: 'browser',
    emailVerified: false,
    acr: acr ?? undefined,
    amr,
    authTime: authTime ?? undefined,
    roles: [],
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + sessionMs),
  };
}

/** No token can lead here: their sessions are hashed with other words. */
function keyOf(secret: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(['browser', secret]))
    .digest();
}

function sealingKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), 'dartwing/v1 id token', 32));
}

function placeOf(secret: string): string {
  return `identity_session ${keyOf(secret).toString('hex')}`;
}
