/**
 * Where services send their news. Nobody signs in here: the signature of the bytes as they came is what is believed, so
 * they are read before anything else reads them.
 */
import { type Context, Hono } from 'hono';
import type { Dartwing } from '../core/index.js';
import { limits } from '../core/limits.js';
import { admit } from './admission.js';
import { readBytes } from './body.js';
import type { Env } from './exchange.js';

const path = '/v1/webhooks/:org/:webhook';
/** The name that documents of the first design know; organization and webhook stand in the query. */
const method = '/api/method/dartwing_core.webhooks.receive';

export function webhookDoor(dartwing: Dartwing): Hono<Env> {
  const receive = async (context: Context<Env>, organization: string, webhook: string) => {
    await admit(dartwing, context, undefined, 'general');
    const body = await readBytes(context.req.raw, limits.webhookBytesMax);
    const headers = Object.fromEntries(context.req.raw.headers);
    const delivered = { headers, body };
    const { id, replayed, challenge } = await dartwing.tokens.webhooks.receive(
      organization,
      webhook,
      delivered,
    );
    return context.json(challenge ?? { received: true, id: id ?? null, replayed }, 200, {
      'cache-control': 'no-store',
    });
  };
  const routes = new Hono<Env>();
  routes.post(path, (context) => {
    context.get('exchange').route = '/v1/webhooks/{org}/{webhook}';
    return receive(context, context.req.param('org'), context.req.param('webhook'));
  });
  routes.post(method, (context) => {
    context.get('exchange').route = method;
    const { organization = '', integration = '' } = context.req.query();
    return receive(context, organization, integration);
  });
  return routes;
}
