/**
 * Signing in with a browser at the OpenID provider: authorization code with PKCE, state and nonce (OAuth 2.0 Security
 * BCP, RFC 9700), a session of ours that a cookie opens, and its end here and there.
 *
 * The sign-in that is under way lies sealed in a cookie of the browser that began it: another one cannot end it, so
 * nobody is signed in as somebody else by a link. The session is a row of identity, with the same ends as every other: idle and
 * absolute time, the strictest of a person's organizations, logout tokens, an administrator. Its secret is new at each
 * sign-in and kept as a hash; the ID token is sealed under it.
 *
 *     const { address, pending } = await dartwing.browser.begin({ returnTo: '/app' });
 *
 * Limits: `browserPendingMs`, `returnPathCharsMax`; calls of the provider as in identity. Audit: session.start and
 * session.end in the chain of the installation.
 */
export { type BrowserOptions, type BrowserVerbs, browserVerbs } from './room.js';
