/**
 * Tokens: connections of organizations to other services, and credentials that work whenever a program asks.
 *
 * ```ts
 * const { accessToken } = await dartwing.tokens.get('acme', 'google');
 * const answer = await dartwing.tokens.fetchAs('acme', 'slack', 'https://slack.com/api/auth.test');
 * ```
 *
 * Providers are data (templates/providers; a module adds its own). A connection comes about by authorization code with
 * PKCE, by device flow, or by a key or password that somebody gives; it is `connected`, `error` (tried again by itself),
 * `expired` (somebody has to authorize again; the administrators are told once) or `disconnected`. Credentials lie in
 * envelopes only, and programs get objects that neither JSON nor a log shows.
 *
 * A token is renewed 300 s before its end, by one process among all: whoever takes the lease of its version writes the
 * intent down, asks the provider, and writes the outcome in one transaction. One window cannot be closed: a process that
 * dies after a provider rotated its refresh token and before that is written leaves a grant which only providers with a
 * grace period (`refresh.grace_s`) still accept; the journal says so (`unknown`), and the integration `expired`.
 *
 * Answers of a provider are judged by their words: gone for good, wrong request, or passing. Passing ones are tried again
 * after pauses that grow from 5 s to an hour; five in a row keep a process from asking for a minute. Tokens that end
 * within ten minutes are renewed by a schedule, one job for each organization.
 *
 * News that a service sends are believed with a signature of that organization's own secret (`webhooks`), not older than
 * five minutes where the service signs a time, and once: a delivery is kept sealed, and a job hands it to the handlers that
 * programs registered with `webhooks.on`, at least once. Where a service signs no time, what came is remembered for good.
 *
 * Calls go to hosts of the provider only, by https, to public addresses, and follow no redirect.
 *
 * Limits: `token…`, `connect…`, `integration…`, `outgoing…`, `breaker…`, `health…` in limits.ts. A process may use a
 * credential for 30 s after another one disconnected it, should no word of it have come. Audit: token.connect,
 * refresh, refresh_failed, adopt, expire, degraded, revoke, webhook, webhook_rotate, webhook_remove, delivery; no value is in
 * them.
 */
export type { BreakerState } from './breaker.js';
export type { Authorization, ConnectInput, DeviceAuthorization, SecretInput } from './connect.js';
export type { ProviderCall, TokenCourse } from './course.js';
export type { AccessToken } from './credential.js';
export type { Disconnection, RevokedThere } from './disconnect.js';
export type { ProviderDocument, ProviderList, TokenDocument, TokenFinding, TokenList } from './document.js';
export { dropIntegrations, followMergedConnector } from './followers.js';
export type { ProviderClient } from './grant.js';
export { openTokens } from './open.js';
export type { OutgoingAnswer, OutgoingRequest } from './outgoing.js';
export type { TokenOptions } from './parts.js';
export type { ProviderInput } from './provider.js';
export type { HealthResult, ListTokensInput, RefreshResult, Tokens } from './room.js';
export type { WebhookDelivery, WebhookHandler } from './webhook/receive.js';
export { deliveryJob } from './webhook/receive.js';
