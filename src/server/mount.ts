/**
 * How every route answers, in one order (requirements §2.3): who calls (401), how often (429), what is asked (400),
 * then the verb, which says 404 before 403.
 */
import type { Context, Hono } from 'hono';
import { DartwingError, isDartwingError } from '../core/errors.js';
import type { Caller, CallOptions, Dartwing } from '../core/index.js';
import { parseInput } from '../core/input.js';
import { traceparentOf } from '../core/trace.js';
import { admit } from './admission.js';
import { respond, rightsWitness, versionOf } from './answer.js';
import { authenticate } from './authentication.js';
import { isKeepable, readForm, readJson } from './body.js';
import { readCookie, writeCookie } from './cookies.js';
import type { Env } from './exchange.js';
import { headerText, parsePath, parseQuery } from './input.js';
import { requireOwnSite } from './own-site.js';
import type { Method, Route } from './route.js';

/** Puts routes on an app; a path that is asked with another method says which ones it has. */
export function mountRoutes(app: Hono<Env>, dartwing: Dartwing, routes: readonly Route[]): void {
  const methods = new Map<string, Method[]>();
  for (const route of routes) {
    methods.set(route.path, [...(methods.get(route.path) ?? []), route.method]);
    app.on(route.method.toUpperCase(), honoPath(route.path), (context) => answer(dartwing, context, route));
  }
  for (const [path, known] of methods) {
    const allowed = known.map((method) => (method === 'get' ? 'GET, HEAD' : method.toUpperCase())).join(', ');
    app.all(honoPath(path), (context) => {
      throw new DartwingError('METHOD_NOT_ALLOWED', {
        path: context.req.path.slice(0, 200),
        method: context.req.method,
        allowed,
      });
    });
  }
}

/** `/v1/organizations/{org}` → `/v1/organizations/:org` */
function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

async function answer(dartwing: Dartwing, context: Context<Env>, route: Route): Promise<Response> {
  const exchange = context.get('exchange');
  exchange.route = route.path;
  const params = context.req.param() as Record<string, string>;
  // What is no text at all is refused after who calls is known.
  const named = params.org !== undefined && isKeepable(params.org) ? params.org : undefined;
  const caller =
    route.access === 'anyone'
      ? await letAnyoneIn(dartwing, context, route)
      : await letIn(dartwing, context, route, named);

  const path = parsePath(route.params, params);
  const query = parseQuery(route.query, withoutSwitches(context, route));
  const body = await readBody(context, route);
  // A route for any doctype has it in its path.
  const doctype = route.doctype === '{doctype}' ? params.doctype : route.doctype;
  const { witness, rights } = rightsWitness(doctype);
  const found = await route.run({
    path,
    query,
    body,
    caller,
    dartwing,
    call: callOf(context, caller.principal, witness),
    ifVersion: requireVersion(context),
    enter: (organization) => dartwing.identity.enter(caller, organization),
    address: exchange.address,
    cookie: (name) => readCookie(context, dartwing, name),
    navigates: context.req.header('sec-fetch-mode') === 'navigate',
    search: new URL(context.req.url).searchParams,
    signal: context.req.raw.signal,
    report: exchange.report,
  });
  for (const cookie of found.cookies ?? []) writeCookie(context, dartwing, cookie);
  return respond(context, { ...route, doctype }, found, rights());
}

/** Whom nothing is allowed that needs a right. */
const nobody: Caller = { principal: { type: 'person', id: '' } };

async function letAnyoneIn(
  dartwing: Dartwing,
  context: Context<Env>,
  { ownSite = false }: Route,
): Promise<Caller> {
  await admit(dartwing, context, undefined, 'general');
  if (ownSite)
    requireOwnSite(context.req.raw, [dartwing.browser.origin, ...context.get('exchange').allowedOrigins]);
  return nobody;
}

async function letIn(
  dartwing: Dartwing,
  context: Context<Env>,
  { counts = 'general' }: Route,
  organization: string | undefined,
): Promise<Caller> {
  const caller = await authenticate(dartwing, context, organization).catch(async (error: unknown) => {
    // Guessing costs the allowance of the address too; a refusal by it comes first.
    if (isDartwingError(error) && error.kind === 'unauthenticated')
      await admit(dartwing, context, undefined, 'general');
    throw error;
  });
  context.get('exchange').caller = caller;
  await admit(dartwing, context, caller, counts);
  return caller;
}

async function readBody(
  context: Context<Env>,
  { body: schema, bodyOptional = false, form = false }: Route,
): Promise<unknown> {
  if (schema === undefined) return undefined;
  const value = form ? await readForm(context.req.raw) : await readJson(context.req.raw);
  if (value === undefined && !bodyOptional)
    throw new DartwingError('BODY_INVALID', { message: 'there is none' });
  return parseInput(schema, value ?? {});
}

/** Facts of the call. Writes may carry an idempotency key, a reason, and `?dry_run=true`. */
function callOf(
  context: Context<Env>,
  principal: CallOptions['principal'] & {},
  witness: CallOptions['witness'],
): CallOptions {
  const { requestId, trace } = context.get('exchange');
  const traceparent = traceparentOf(trace);
  const call: CallOptions = { principal, via: 'http', requestId, traceparent, witness };
  if (context.req.method === 'GET' || context.req.method === 'HEAD') return call;
  return {
    ...call,
    idempotencyKey: headerText(context.req.header('idempotency-key')),
    reason: headerText(context.req.header('x-reason')),
    dryRun: isDryRun(context),
  };
}

const dryRun = 'dry_run';

/** The query without what every writing route of a caller takes. */
function withoutSwitches(context: Context<Env>, { access }: Route): URLSearchParams {
  const { searchParams } = new URL(context.req.url);
  if (context.req.method !== 'GET' && access !== 'anyone') searchParams.delete(dryRun);
  return searchParams;
}

function isDryRun(context: Context<Env>): boolean {
  const word = context.req.query(dryRun);
  if (word === undefined || word === 'false' || word === '0') return false;
  if (word === 'true' || word === '1') return true;
  throw new DartwingError('VALIDATION_ERROR', { message: `${dryRun} is true or false` });
}

function requireVersion(context: Context<Env>): number | undefined {
  const version = versionOf(context.req.header('if-match'));
  if (version !== null) return version;
  throw new DartwingError('VALIDATION_ERROR', {
    message: 'If-Match names no version: send back the ETag of the answer that you read',
  });
}
