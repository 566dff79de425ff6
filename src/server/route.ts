/** A route is data: where it is, what it takes, what it gives, and the verb of the core that answers. */
import type { z } from 'zod';
import type { Ref } from '../core/access/index.js';
import type { Caller, CallOptions, Dartwing } from '../core/index.js';
import type { RouteKind } from '../core/quota/index.js';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** `session` opens; `pending` is a sign-in under way. */
export type CookieName = 'session' | 'pending';

/** A cookie for the browser; without a value it forgets the one that it has. */
export interface Cookie {
  name: CookieName;
  value: string | undefined;
  maxAgeMs: number;
}

/** What a verb works with; path, query and body as their schemas gave them. */
export interface Input<Path, Query, Body> {
  path: Path;
  query: Query;
  body: Body;
  /** Facts of the call: who, through which door, request id, idempotency key, dry run, reason. */
  call: CallOptions;
  caller: Caller;
  dartwing: Dartwing;
  /** Version that the caller saw, from If-Match. */
  ifVersion: number | undefined;
  /** Lets the caller into an organization that the path did not name. @throws MFA_REQUIRED, PERMISSION_DENIED */
  enter(organization: string): Promise<void>;
  /** Network address of the caller; undefined where the host does not tell. */
  address: string | undefined;
  /** A cookie of the request. */
  cookie(name: CookieName): string | undefined;
  /** A browser shows what is answered as its next page. */
  navigates: boolean;
  /** The query as it came. */
  search: URLSearchParams;
  /** Aborted when the caller has gone away. */
  signal: AbortSignal;
  /** Logs what was thrown though the answer has begun; faults of ours only. */
  report(error: unknown): void;
}

/** What is answered. `meta` stands beside the data. */
export type Answer = (
  | {
      data: unknown;
      meta?: Readonly<Record<string, unknown>> | undefined;
      /** A line for Set-Cookie, for a cookie with a name of its own. */
      cookie?: string | undefined;
    }
  | { page: { items: readonly unknown[] } }
  /** Anything else, as it is. */
  | { body: unknown }
  | { lines: (write: (line: unknown) => Promise<void>) => Promise<void> }
  /** The browser goes there. */
  | { redirect: string }
) & { cookies?: readonly Cookie[] };

export interface RouteSpec<
  Path extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
> {
  method: Method;
  /** As OpenAPI writes it: `/v1/organizations/{org}`. */
  path: string;
  /** `anyone` need not prove who they are; they are counted by their address. Default `caller`. */
  access?: 'caller' | 'anyone';
  /** Only pages of ours may call it: it works on a cookie. */
  ownSite?: boolean;
  /** Unique: `org.show`. */
  id: string;
  /** Group of the reference page. */
  tag: string;
  /** One line, begins with a verb. */
  summary: string;
  params?: Path;
  query?: Query;
  body?: Body;
  /** The body is a form (RFC 6749 appendix B) instead of JSON. */
  form?: boolean;
  /** A body may be left out. */
  bodyOptional?: boolean;
  /** Status of success; default 200. */
  status?: 200 | 201 | 202;
  /** Kind of the document in `data`, of the items of a page, or of the body. */
  kind: string;
  shape: 'data' | 'page' | 'body' | 'lines' | 'redirect';
  /** Doctype of `data`, for the caller's rights in `meta.permissions`. */
  doctype?: string;
  /** Which allowance it is counted against; default `general`. */
  counts?: RouteKind;
  /** The parameter of the path that names an organization; default `org` where the path has one. */
  run(input: Input<z.output<Path>, z.output<Query>, z.output<Body>>): Promise<Answer>;
}

/** A route whose schemas are known to its verb only. */
export type Route = Omit<RouteSpec, 'run'> & {
  // biome-ignore lint/suspicious/noExplicitAny: each route checks its own input before `run` sees it
  run(input: Input<any, any, any>): Promise<Answer>;
};

/** Declares a route; the types of its input follow from its schemas. */
export function route<Path extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType>(
  spec: RouteSpec<Path, Query, Body>,
): Route {
  return spec as unknown as Route;
}

/** The reference that a document is known by to the rights. */
export function refOf(doctype: string, document: Readonly<Record<string, unknown>>): Ref {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const name = text(document.id) ?? text(document.name) ?? '';
  const organization = text(document.organization) ?? text(document.owner_organization);
  const owner = text(doctype === 'Org Member' ? document.person : (document.assigned_to ?? document.owner));
  return {
    doctype,
    name,
    ...(organization === undefined ? {} : { organization }),
    ...(owner === undefined ? {} : { owner }),
  };
}
