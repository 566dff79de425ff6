/**
 * Quotas: how many calls a caller may make in a time, counted in the database so that all nodes count together.
 *
 * API keys share the allowance of their organization's tier, for a minute and for a day; a person has one of their own
 * for each kind of route; everybody has the one of their network address. A window slides: what was called in the
 * window before counts for the part of it that is not over yet, so nobody gets twice the allowance around a boundary.
 * A refused call counts for nothing.
 *
 * ```ts
 * const { allowed, remaining, retryAfterMs } = await quota.admit({ principal, address, kind: 'general' });
 * ```
 *
 * Audit: nothing; a count is no act. Limits: `rate…` in limits.ts, the allowances in rates.ts.
 */
export { type Allowance, openQuota, type Quota } from './quota.js';
export { type Rates, type RouteKind, shippedRates } from './rates.js';
