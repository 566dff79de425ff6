/** Who calls: from the header `Authorization` to a caller. */
import type { Context } from 'hono';
import { DartwingError } from '../core/errors.js';
import type { Caller, Dartwing } from '../core/index.js';
import type { Env } from './exchange.js';

/**
 * Proves the caller of a request for an organization (id or slug), if the path names one.
 * @throws UNAUTHENTICATED and what `identity.authenticate` throws
 */
export async function authenticate(
  dartwing: Dartwing,
  context: Context<Env>,
  organization: string | undefined,
): Promise<Caller> {
  const authorization = context.req.header('authorization');
  if (authorization === undefined) throw new DartwingError('UNAUTHENTICATED');
  const { address, requestId } = context.get('exchange');
  return dartwing.identity.authenticate({ authorization, organization, address, requestId });
}
