/**
 * Identity: who is calling, proven, and until when.
 *
 * `authenticate` takes the header of a call and gives a principal. Access tokens of OpenID providers are verified on
 * this machine with the issuer's published keys: exact issuer and audience, algorithms of key pairs only, five seconds
 * of tolerance, access tokens and nothing else. The identity (issuer, subject) leads to a person; groups of the
 * provider become system roles, and roles that are gone there go here; each call goes on with the session, which ends
 * when it was idle for half an hour or less where an organization asks for it, after ten hours, by a logout token, or
 * by an administrator. An organization that requires a second factor sees only sign-ins that had one.
 *
 * API keys open one organization for programs; their secrets are kept as hashes and shown once. Failed keys wait: from
 * the fifth failure on a minute longer each time, over all processes.
 *
 * Audit: identity.link, account.roles, session.start, session.end, session.revoke in the chain of the installation;
 * apikey.create, apikey.rotate, apikey.revoke in that of the organization. Limits: tokens 16 KiB, answers of a
 * provider 256 KiB and 5 s, its keys asked for at most every 30 s, sessions written every 30 s, uses every minute.
 */

export { dropApiKeys } from './api-key.js';
export type { ApiKeyDocument, CreateApiKeyInput } from './api-key-document.js';
export type { Identity } from './claims.js';
export { afterFailure, type FailureKind, type Failures } from './failure-schedule.js';
export { chargeAttempt, clearFailures, refundAttempt, type Suspect, suspect } from './failures.js';
export { type IssuerSettings, isSafeAddress, type TokenKind } from './issuer.js';
export { insertLink } from './link-queries.js';
export { followMerge } from './merge.js';
export { boundedFetch, type Fetch } from './provider-answer.js';
export { mapRoles } from './role-map.js';
export {
  type ApiKeyMade,
  type ApiKeys,
  type BrowserCall,
  type IdentityOptions,
  type IdentityRoom,
  type IdentityVerbs,
  type IncomingCall,
  identityRoom,
} from './room.js';
export { followSession, recordEnds } from './session.js';
export { endPersonSessions, endSession } from './session-queries.js';
export { nextStep, sessionKey, strictest } from './session-rules.js';
export { type Caller, passDoor } from './sign-in.js';
export { challengeOf, requireStrongSignIn, shippedAcrValues } from './strong-sign-in.js';
export { openVerifier, type Verifier } from './verifier.js';
