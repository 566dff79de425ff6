/**
 * Rights as SQL: the predicate of a list, made from the same tables that `authorize` asks, and lists across
 * organizations. It stands beside row-level security and never leaves it alone: with the policy only, the planner may
 * walk an index over everybody's rows.
 */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { bitOf } from './actions.js';
import type { AccessContext } from './context.js';
import { keyCovers } from './key.js';
import { rightOn } from './rights.js';
import type { Scope } from './scope.js';
import { type RecordSource, recordSources } from './sources.js';

/** The rows of a doctype that the principal of a scope may act upon, as a predicate. */
export function filterFor(scope: Scope, action: string, doctype: string): Expression<SqlBool> {
  const source = sourceOf(doctype);
  const { principal, access, tx } = scope;
  const bound = tx.organization === undefined ? [] : [equals(source.organization, tx.organization)];
  if (principal.key !== undefined)
    return keyCovers(principal.key, action, doctype)
      ? all([...bound, equals(source.organization, principal.key.organization)])
      : never;
  if (principal.type !== 'person') return all(bound);
  if (access?.person !== principal.id) return never;
  return all([...bound, contextFilter(access, action, doctype, source)]);
}

/** The same for a context. */
export function contextFilter(
  context: AccessContext,
  action: string,
  doctype: string,
  source: RecordSource = sourceOf(doctype),
): RawBuilder<SqlBool> {
  if (context.everywhere !== undefined) {
    const right = rightOn(context.everywhere, doctype);
    if ((right.allow & bitOf(action)) !== 0) return always;
    const isOwn = (right.ifOwner & bitOf(action)) !== 0 && source.owner !== undefined;
    return isOwn ? equals(source.owner!, context.person) : never;
  }
  const reach = reachOf(context, action, doctype);
  const owner = source.owner === undefined ? [] : [equals(source.owner, context.person)];
  const parts = [oneOf(source.organization, reach.whole)];
  if (owner.length > 0) parts.push(all([oneOf(source.organization, reach.owned), ...owner]));
  for (const { organization, names } of reach.documents)
    parts.push(all([equals(source.organization, organization), oneOf(source.key, names)]));
  return any(parts.filter((part) => part !== never));
}

/** What a list across organizations shows. */
export interface AcrossOptions {
  columns: readonly string[];
  limit: number;
  /** More conditions on the rows, without names of tables. */
  where?: Expression<SqlBool>;
}

/**
 * The newest documents of all organizations of a person: one organization by equality, up to
 * `limits.accessLateralMax` by the newest of each, more by one condition (realtime paper, B1: each is the fastest in
 * its range).
 */
export function newestAcross(
  context: AccessContext,
  action: string,
  doctype: string,
  options: AcrossOptions,
  source: RecordSource = sourceOf(doctype),
): RawBuilder<Record<string, unknown>> {
  const reach = reachOf(context, action, doctype);
  const { recent } = source;
  if (recent === undefined)
    throw new DartwingError('INTERNAL', { message: `${doctype} has no order of its own` });
  const columns = sql.join(options.columns.map((column) => sql.ref(column)));
  const table = sql.table(source.table);
  const order = sql`order by ${sql.ref(recent)} desc, ${sql.ref(source.key)} limit ${options.limit}`;
  const more = options.where ?? always;
  const count = reach.whole.length + reach.owned.length;
  const simple =
    context.everywhere !== undefined ||
    reach.documents.length > 0 ||
    count < 2 ||
    count > limits.accessLateralMax;
  if (simple) {
    const mine = contextFilter(context, action, doctype, source);
    return sql`select ${columns} from ${table} where ${mine} and (${more}) ${order}`;
  }
  const owned = source.owner === undefined ? [] : reach.owned;
  const organizations = [...reach.whole, ...owned];
  const onlyOwn = organizations.map((_, index) => index >= reach.whole.length);
  const ownerOnly = source.owner === undefined ? never : equals(source.owner, context.person);
  return sql`select ${columns} from (
      select newest.* from unnest(${organizations}::text[], ${onlyOwn}::boolean[]) as mine (organization_id, only_own)
      cross join lateral (
        select * from ${table}
        where ${sql.ref(source.organization)} = mine.organization_id and (not mine.only_own or ${ownerOnly}) and (${more}) ${order}
      ) newest
    ) listed ${order}`;
}

/** The source of a doctype. @throws DOCTYPE_UNKNOWN */
export function sourceOf(doctype: string): RecordSource {
  const source = recordSources.get(doctype);
  if (source === undefined)
    throw new DartwingError('DOCTYPE_UNKNOWN', { doctype, known: [...recordSources.keys()].join(', ') });
  return source;
}

/** Where an action on a doctype is allowed. */
interface ReachOf {
  /** Organizations with every document, and those with one's own only. */
  whole: string[];
  owned: string[];
  documents: { organization: string; names: string[] }[];
}

function reachOf(context: AccessContext, action: string, doctype: string): ReachOf {
  const bit = bitOf(action);
  const reach: ReachOf = { whole: [], owned: [], documents: [] };
  for (const [organization, { rights }] of context.organizations) {
    if (context.closed.has(organization)) continue;
    const right = rightOn(rights, doctype);
    if ((right.allow & bit) !== 0) reach.whole.push(organization);
    else if ((right.ifOwner & bit) !== 0) reach.owned.push(organization);
  }
  if ((rightOn(context.documentRights, doctype).allow & bit) === 0) return reach;
  for (const [organization, doctypes] of context.documents) {
    if (context.closed.has(organization)) continue;
    const names = doctypes.get(doctype);
    if (names !== undefined) reach.documents.push({ organization, names: [...names] });
  }
  return reach;
}

const always = sql<SqlBool>`true`;
const never = sql<SqlBool>`false`;

function equals(column: string, value: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`${sql.ref(column)} = ${value}`;
}

function oneOf(column: string, values: readonly string[]): RawBuilder<SqlBool> {
  const [first, ...others] = values;
  if (first === undefined) return never;
  return others.length === 0
    ? equals(column, first)
    : sql<SqlBool>`${sql.ref(column)} = any (${[...values]}::text[])`;
}

function all(parts: readonly RawBuilder<SqlBool>[]): RawBuilder<SqlBool> {
  return parts.length === 0 ? always : sql<SqlBool>`(${sql.join([...parts], sql` and `)})`;
}

function any(parts: readonly RawBuilder<SqlBool>[]): RawBuilder<SqlBool> {
  return parts.length === 0 ? never : sql<SqlBool>`(${sql.join([...parts], sql` or `)})`;
}
