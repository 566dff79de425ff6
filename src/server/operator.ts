/** What operators and their machines read: /metrics and /health/details, for who shows the token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { DartwingError } from '../core/errors.js';
import type { Meter } from '../core/metrics/index.js';
import type { Env } from './exchange.js';
import type { HealthDetails } from './health.js';

export interface OperatorParts {
  token: string | undefined;
  metrics: Pick<Meter, 'text' | 'contentType'>;
  details: () => Promise<HealthDetails>;
}

export interface OperatorToken {
  /** @throws UNAUTHENTICATED */
  require(header: string | undefined): void;
}

/** Compares what callers show; undefined where no token is set. */
export function operatorToken(token: string | undefined): OperatorToken | undefined {
  if (token === undefined || token === '') return undefined;
  const expected = digest(`Bearer ${token}`);
  return {
    require: (header) => {
      if (header === undefined || !timingSafeEqual(digest(header), expected))
        throw new DartwingError('UNAUTHENTICATED');
    },
  };
}

/** Without a token there are no such routes. */
export function operatorRoutes({ token, metrics, details }: OperatorParts): Hono<Env> {
  const routes = new Hono<Env>();
  const guard = operatorToken(token);
  if (guard === undefined) return routes;
  routes.get('/metrics', async (context) => {
    context.get('exchange').route = '/metrics';
    guard.require(context.req.header('authorization'));
    context.header('content-type', metrics.contentType);
    context.header('cache-control', 'no-store');
    return context.body(await metrics.text());
  });
  routes.get('/health/details', async (context) => {
    context.get('exchange').route = '/health/details';
    guard.require(context.req.header('authorization'));
    context.header('cache-control', 'no-store');
    const found = await details();
    return context.json(found, found.status === 'ready' || found.status === 'degraded' ? 200 : 503);
  });
  return routes;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
