/** The end of sessions: by their owner, by an administrator, by the identity provider. */
import { authorize, recordAct, type Scope } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { Identity } from './claims.js';
import type { Logout } from './logout-token.js';
import { recordEnds } from './session.js';
import {
  endPerson,
  endProviderSession,
  endSession,
  endSubject,
  endUnnamed,
  rememberLogout,
} from './session-queries.js';
import { sessionKey } from './session-rules.js';

/** How many sessions ended; none is no error, the caller wanted them gone. */
export interface SessionsEnded {
  ended: number;
}

/** Carries out a logout token, once. @throws LOGOUT_TOKEN_INVALID (seen before) */
export async function obeyLogout(scope: Scope, logout: Logout): Promise<SessionsEnded> {
  const { issuer, sid, sub, issuedAt, idHash } = logout;
  if (!(await rememberLogout(scope.tx, idHash, limits.logoutMemoryMs)))
    throw new DartwingError('LOGOUT_TOKEN_INVALID', { reason: 'it was used before' });
  const reason = 'signed out at the identity provider';
  const ends =
    sid === undefined
      ? await endSubject(scope.tx, issuer, sub ?? '', issuedAt, reason)
      : [
          ...(await endSession(scope.tx, sessionKey({ iss: issuer, sub: sub ?? '', sid }), issuer, reason)),
          ...(await endProviderSession(scope.tx, issuer, sessionKey({ iss: issuer, sub: '', sid }), reason)),
          ...(sub === undefined ? [] : await endUnnamed(scope.tx, issuer, sub, reason)),
        ];
  await recordEnds(scope, ends, reason);
  return { ended: ends.filter(({ person }) => person !== null).length };
}

/** Ends the session of one identity. */
export async function signOut(scope: Scope, identity: Identity): Promise<SessionsEnded> {
  const reason = 'signed out';
  const ends = await endSession(scope.tx, sessionKey(identity), identity.iss, reason);
  await recordEnds(scope, ends, reason);
  return { ended: ends.length };
}

/** Ends all sessions of a person (its id). @throws PERMISSION_DENIED */
export async function revokeSessions(scope: Scope, person: string): Promise<SessionsEnded> {
  authorize(scope, 'administer', { doctype: 'Person', name: person });
  const reason = scope.reason ?? 'revoked by an administrator';
  const ends = await endPerson(scope.tx, person, reason);
  await recordAct(
    scope,
    systemOrganization,
    'session.revoke',
    { doctype: 'Person', name: person },
    { new: { ended: ends.length } },
  );
  await recordEnds(scope, ends, reason);
  return { ended: ends.length };
}
