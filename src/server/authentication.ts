/** Who calls: by the header `Authorization`, else by the cookie of a browser that has signed in. */
import type { Context } from 'hono';
import { DartwingError } from '../core/errors.js';
import type { Caller, Dartwing } from '../core/index.js';
import { readCookie } from './cookies.js';
import type { Env } from './exchange.js';
import { requireOwnSite } from './own-site.js';

/**
 * Proves the caller of a request for an organization (id or slug), if the path names one.
 * @throws UNAUTHENTICATED, CROSS_SITE_REFUSED and what `identity.authenticate` throws
 */
export async function authenticate(
  dartwing: Dartwing,
  context: Context<Env>,
  organization: string | undefined,
): Promise<Caller> {
  const authorization = context.req.header('authorization');
  const { address, encrypted, requestId, allowedOrigins } = context.get('exchange');
  const call = { organization, address, encrypted, requestId };
  // A header is set on purpose; a cookie comes along with whatever another site makes the browser send.
  if (authorization !== undefined) return dartwing.identity.authenticate({ ...call, authorization });
  const secret = dartwing.browser.enabled ? readCookie(context, dartwing, 'session') : undefined;
  if (secret === undefined) throw new DartwingError('UNAUTHENTICATED');
  requireOwnSite(context.req.raw, [dartwing.browser.origin, ...allowedOrigins]);
  return dartwing.identity.authenticateBrowser({ ...call, secret });
}
