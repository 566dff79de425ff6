/** Sessions: every call of a signed-in person goes on with one, begins one, or meets its end. */
import { recordAct, type Scope } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { Identity } from './claims.js';
import type { SignInRow } from './link-queries.js';
import {
  beginSession,
  type EndedSession,
  forgetSessions,
  noteSession,
  readSession,
} from './session-queries.js';
import { nextStep, type SessionLimits, sessionKey, strictest } from './session-rules.js';

/**
 * Goes on with the session of a token. Returns whether it began just now. @throws SESSION_ENDED
 */
export async function followSession(
  scope: Scope,
  identity: Identity,
  row: Pick<SignInRow, 'person' | 'signed_out_at'>,
  realm: SessionLimits,
): Promise<boolean> {
  const { person, signed_out_at: signedOutAt } = row;
  if (signedOutAt !== null && identity.issuedAt <= signedOutAt)
    throw new DartwingError('SESSION_ENDED', { reason: 'The person has signed out everywhere' });
  const { tx } = scope;
  const key = sessionKey(identity);
  const { session, now, wanted } = await readSession(tx, key, person);
  const next = nextStep(session, identity, strictest(realm, wanted), now);
  if (next.step === 'ended') throw new DartwingError('SESSION_ENDED', { reason: next.reason });
  if (next.step === 'note') await noteSession(tx, key);
  if (next.step !== 'begin') return false;
  const begun = await beginSession(tx, key, person, identity, session !== undefined);
  // Another call began or ended it between our look and our insert: look again.
  if (!begun) return followSession(scope, identity, row, realm);
  await forgetSessions(tx, limits.sessionKeptMs);
  await recordAct(
    scope,
    systemOrganization,
    'session.start',
    { doctype: 'Person', name: person },
    { new: { issuer: identity.iss, acr: identity.acr ?? null, amr: [...identity.amr] } },
  );
  return true;
}

/** Records the ends of sessions with their lengths. */
export async function recordEnds(scope: Scope, ends: readonly EndedSession[], reason: string): Promise<void> {
  for (const { person, seconds } of ends) {
    if (person === null) continue;
    await recordAct(
      scope,
      systemOrganization,
      'session.end',
      { doctype: 'Person', name: person },
      { new: { reason, seconds: Math.round(seconds) } },
    );
  }
}
