/**
 * Identity: who is calling, proven.
 *
 * `openVerifier` checks access tokens of OpenID providers on this machine, with the issuer's published keys: exact
 * issuer and audience, algorithms of key pairs only, five seconds of tolerance, access tokens and nothing else.
 * Each way to fail has its code (TOKEN_*), all of them 401; a provider that does not answer is 503.
 *
 * Limits: tokens 16 KiB, answers of a provider 256 KiB and 5 s, its keys asked for at most every 30 s.
 */
export type { Identity } from './claims.js';
export type { IssuerSettings, TokenKind } from './issuer.js';
export { openVerifier, type Verifier } from './verifier.js';
