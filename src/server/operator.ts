/** What operators and their machines read: /metrics and /health/details, for who shows the token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { DartwingError } from '../core/errors.js';
import type { Env } from './exchange.js';
import type { HealthDetails } from './health.js';
import type { Metrics } from './metrics.js';

export interface OperatorParts {
  token: string | undefined;
  metrics: Pick<Metrics, 'text' | 'contentType'>;
  details: () => Promise<HealthDetails>;
}

/** Without a token there are no such routes. */
export function operatorRoutes({ token, metrics, details }: OperatorParts): Hono<Env> {
  const routes = new Hono<Env>();
  if (token === undefined || token === '') return routes;
  const expected = digest(`Bearer ${token}`);
  const require = (header: string | undefined): void => {
    if (header === undefined || !timingSafeEqual(digest(header), expected))
      throw new DartwingError('UNAUTHENTICATED');
  };
  routes.get('/metrics', async (context) => {
    context.get('exchange').route = '/metrics';
    require(context.req.header('authorization'));
    context.header('content-type', metrics.contentType);
    context.header('cache-control', 'no-store');
    return context.body(await metrics.text());
  });
  routes.get('/health/details', async (context) => {
    context.get('exchange').route = '/health/details';
    require(context.req.header('authorization'));
    context.header('cache-control', 'no-store');
    const found = await details();
    return context.json(found, found.status === 'ready' || found.status === 'degraded' ? 200 : 503);
  });
  return routes;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
