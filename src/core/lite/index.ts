/**
 * Lite mode: signing in without an identity provider, for installations that have none.
 *
 * It is off unless it is switched on and no provider is configured. People have a password (12 characters and more, three
 * kinds of signs; scrypt, its cost beside the hash and raised at the next sign-in) and, if they want, an app with
 * one-time codes. Signing in gives an access token of five minutes, signed with a key that follows from the master key and
 * let in by the same door as those of providers, and a refresh token that is used once: the second use ends the session.
 *
 *     const tokens = await dartwing.lite.signIn({ email: 'ana@acme.test', password });
 *     await dartwing.identity.authenticate({ authorization: `Bearer ${tokens.access_token}` });
 *
 * Nobody learns who has an account: a wrong address, password or code gives one answer after the same work, and a reset
 * is mailed after the answer. Attempts are counted before they are looked at, so that guesses at once wait like guesses in
 * turn. Codes, recovery codes, refresh and reset tokens open once. Nothing of them is in the trail or in logs.
 *
 * Audit, in the chain of the installation: password.set, password.change, password.reset, password.reset_sent,
 * password.reset_asked, second_factor.begin, second_factor.confirm, second_factor.remove, sign_in.failed, and the sessions
 * of identity. Limits: two hashes at once and 50 waiting, resets of an hour and one a minute, ten recovery codes.
 */
export type { PasswordDocument, ResetDocument } from './credentials.js';
export { lockOf, requirePasswordFor } from './lock.js';
export { followMergedSignIn } from './merge.js';
export { type LiteOptions, type LiteVerbs, liteRoom, signerOf } from './room.js';
export type { FactorDocument, FactorMade } from './second-factor.js';
export type { LiteTokens, SignInInput } from './sign-in.js';
