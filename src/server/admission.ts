/** Allowances as HTTP says them. */
import type { Context } from 'hono';
import { DartwingError } from '../core/errors.js';
import type { Caller, Dartwing } from '../core/index.js';
import type { RouteKind } from '../core/quota/index.js';
import type { Env } from './exchange.js';

/** Counts a request and writes the allowance into the headers. @throws RATE_LIMITED */
export async function admit(
  dartwing: Dartwing,
  context: Context<Env>,
  caller: Caller | undefined,
  kind: RouteKind,
): Promise<void> {
  const { address } = context.get('exchange');
  const allowance = await dartwing.quota.admit({ principal: caller?.principal, address, kind });
  if (allowance === undefined) return;
  const { allowed, limit, remaining, resetAt, retryAfterMs, windowSeconds } = allowance;
  context.header('x-ratelimit-limit', String(limit));
  context.header('x-ratelimit-remaining', String(remaining));
  context.header('x-ratelimit-reset', String(Math.ceil(resetAt.getTime() / 1000)));
  if (allowed) return;
  throw new DartwingError('RATE_LIMITED', { limit, seconds: windowSeconds }, { retryAfterMs });
}
