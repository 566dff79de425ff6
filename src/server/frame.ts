/** What every request goes through, whatever answers it: its id, its log line, safe headers, pages of other origins. */
import type { Context, Hono, MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import { cors } from 'hono/cors';
import { secureHeaders } from 'hono/secure-headers';
import { DartwingError } from '../core/errors.js';
import { newRequestId } from '../core/ids.js';
import { systemClock } from '../core/index.js';
import { silentLog } from '../core/log.js';
import { packageVersion } from '../core/package-root.js';
import { traceOf } from '../core/trace.js';
import { addressFinder, proxyTest } from './address.js';
import { bounds } from './bounds.js';
import { type Env, encryptionOf, peerOf } from './exchange.js';
import type { RequestCount } from './metrics.js';
import type { ServerOptions } from './options.js';
import { problemOf } from './problem.js';

/** Who calls from there shows the error as it would one of its own process. */
const callPaths = /^\/v1\/(open-)?calls\//;
const policyHeader = 'content-security-policy';
const noContent = "default-src 'none'; frame-ancestors 'none'";

/** Puts the frame around an app; routes come after it. */
export function frame(app: Hono<Env>, options: ServerOptions, requests: RequestCount): void {
  const { log = silentLog, clock = systemClock, allowedOrigins = [], invalidStatus = 400 } = options;
  const version = packageVersion();
  const findAddress = addressFinder(options.trustedProxies ?? []);
  const isProxy = proxyTest(options.trustedProxies ?? []);

  const identify: MiddlewareHandler<Env> = async (context, next) => {
    const given = context.req.header('x-request-id') ?? '';
    const requestId = /^[\w.:-]{8,128}$/.test(given) ? given : newRequestId(clock.now());
    const address = findAddress(peerOf(context), context.req.header('x-forwarded-for'));
    const trace = traceOf(context.req.header('traceparent'), requestId);
    const encrypted = encryptionOf(context, isProxy);
    const report = (thrown: unknown): void => {
      const { error, status } = problemOf(thrown, requestId, { invalidStatus });
      if (status >= 500)
        log.error(
          {
            err: error,
            cause: error.cause,
            detail: error.detail,
            request_id: requestId,
            trace_id: trace.traceId,
          },
          'request',
        );
    };
    context.set('exchange', { requestId, address, encrypted, trace, allowedOrigins, report });
    const startedAt = clock.monotonicMs();
    const answered = requests.begin(context.req.method);
    await next();
    context.header('x-request-id', requestId);
    context.header('dartwing-version', version);
    context.header('x-trace-id', trace.traceId);
    // A page has a policy of its own; anything else has nothing to load.
    if (!context.res.headers.has(policyHeader)) context.header(policyHeader, noContent);
    const ms = clock.monotonicMs() - startedAt;
    const { route = 'none', answerBytes } = context.get('exchange');
    const requestBytes = Number(context.req.header('content-length') ?? 0);
    answered({ route, status: context.res.status, seconds: ms / 1_000, requestBytes, answerBytes });
    log.info(lineOf(context, ms), 'request');
  };

  app.use(identify);
  app.use(
    secureHeaders({
      xFrameOptions: 'DENY',
      referrerPolicy: 'no-referrer',
    }),
  );
  app.use(
    cors({
      origin: (origin) => (allowedOrigins.includes(origin) ? origin : null),
      credentials: true,
      allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowHeaders: [
        'Authorization',
        'Content-Type',
        'If-Match',
        'If-None-Match',
        'Idempotency-Key',
        'Traceparent',
        'Tracestate',
        'X-Reason',
        'X-Request-Id',
      ],
      exposeHeaders: [
        'Dartwing-Version',
        'ETag',
        'Retry-After',
        'X-RateLimit-Limit',
        'X-RateLimit-Remaining',
        'X-RateLimit-Reset',
        'X-Request-Id',
        'X-Trace-Id',
      ],
      maxAge: bounds.preflightSeconds,
    }),
  );
  app.use(compress());

  app.notFound((context) => {
    throw new DartwingError('ROUTE_NOT_FOUND', {
      method: context.req.method,
      path: context.req.path.slice(0, 200),
    });
  });
  app.onError((thrown, context) => {
    const { requestId, report, route } = context.get('exchange');
    const tellsFix = route !== undefined && callPaths.test(route);
    const { status, headers, body } = problemOf(thrown, requestId, { invalidStatus, tellsFix });
    report(thrown);
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    return context.json(body, status as 400);
  });
}

/** Names and numbers only: no path with ids, no query, no body. */
function lineOf(context: Context<Env>, ms: number): object {
  const { requestId, route, caller, trace } = context.get('exchange');
  return {
    request_id: requestId,
    trace_id: trace.traceId,
    span_id: trace.spanId,
    method: context.req.method,
    route: route ?? 'none',
    status: context.res.status,
    ms: Math.round(ms * 10) / 10,
    actor: caller?.principal.id,
    organization: context.req.param('org'),
  };
}
