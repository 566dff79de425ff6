/** Reading organizations. */
import { authorize, filterFor, requireSignedIn, type Scope, withoutHidden } from '../access/index.js';
import { DartwingError, nearest } from '../errors.js';
import { parseChoice, parsePage, parseSort } from '../input.js';
import { limits } from '../limits.js';
import { concreteTypes, organizationTypes } from './concrete.js';
import { readConcrete } from './concrete-queries.js';
import { type OrganizationDocument, type OrganizationRow, organizationDocument, tiers } from './document.js';
import { countMembers, findOrganization, lockOrganization, pageOrganizations } from './queries.js';

/** A page of organizations. */
export interface OrganizationList {
  api_version: 'dartwing/v1';
  kind: 'OrgList';
  items: OrganizationDocument[];
  total_count: number;
  limit: number;
  offset: number;
}

export interface ListOrganizationsInput {
  state?: string | undefined;
  type?: string | undefined;
  tier?: string | undefined;
  region?: string | undefined;
  search?: string | undefined;
  /** Column, with `-` in front for descending: slug, name, created_at, modified_at, id. Default id. */
  sort?: string | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

const states = ['active', 'inactive', 'suspended', 'dissolved'] as const;
const sortColumns = {
  slug: 'slug',
  name: 'org_name',
  created_at: 'created_at',
  modified_at: 'modified_at',
  id: 'id',
} as const;

/** One organization by id or slug, with its concrete record (null when it is missing). @throws ORGANIZATION_NOT_FOUND */
export async function showOrganization(scope: Scope, ref: string): Promise<OrganizationDocument> {
  const row = await requireOrganization(scope, ref);
  authorize(scope, 'read', { doctype: 'Organization', name: row.id });
  return fullDocument(scope, row);
}

/** A page of the organizations one may read. @throws UNAUTHENTICATED, VALIDATION_ERROR for an unknown state, type, tier, sort or a wrong page. */
export async function listOrganizations(
  scope: Scope,
  input: ListOrganizationsInput = {},
): Promise<OrganizationList> {
  requireSignedIn(scope);
  const { limit, offset } = parsePage(input);
  const now = scope.clock.now();
  const { rows, total } = await pageOrganizations(scope.tx, {
    visible: filterFor(scope, 'read', 'Organization'),
    state: parseChoice('state', input.state, states),
    type: parseChoice('type', input.type === 'club' ? 'association' : input.type, organizationTypes),
    tier: parseChoice('tier', input.tier, tiers),
    region: input.region,
    search: input.search,
    sort: parseSort(input.sort ?? 'id', sortColumns),
    limit,
    offset,
    now,
  });
  const items = rows.map((row) => organizationDocument(row, now));
  return { api_version: 'dartwing/v1', kind: 'OrgList', items, total_count: total, limit, offset };
}

/**
 * The row of an organization by id or slug; `lock` holds it until the transaction ends.
 * @throws ORGANIZATION_NOT_FOUND with the nearest slug, ORGANIZATION_REQUIRED for an empty reference
 */
export async function requireOrganization(scope: Scope, ref: string, lock = false): Promise<OrganizationRow> {
  if (ref.trim() === '') throw new DartwingError('ORGANIZATION_REQUIRED');
  const row = lock ? await lockOrganization(scope.tx, ref) : await findOrganization(scope.tx, ref);
  if (row) return row;
  const { rows } = await pageOrganizations(scope.tx, {
    visible: filterFor(scope, 'read', 'Organization'),
    sort: { column: 'slug', descending: false },
    limit: limits.pageMax,
    offset: 0,
    now: scope.clock.now(),
  });
  const near = nearest(
    ref,
    rows.map((other) => other.slug),
  );
  throw new DartwingError('ORGANIZATION_NOT_FOUND', {
    ref: ref.slice(0, 80),
    suggestion: near ? `Did you mean ${near}?` : '',
  });
}

/** The whole document of a row, but for the fields of its concrete record that are hidden from the principal. */
export async function fullDocument(scope: Scope, row: OrganizationRow): Promise<OrganizationDocument> {
  const [concrete, members] = await Promise.all([
    readConcrete(scope.tx, concreteTypes[row.org_type], row.id),
    countMembers(scope.tx, row.id),
  ]);
  const ref = {
    doctype: concreteTypes[row.org_type].doctype,
    name: row.linked_name ?? '',
    organization: row.id,
  };
  const shown = concrete && withoutHidden(scope, ref, concrete);
  return organizationDocument(row, scope.clock.now(), { concrete: shown ?? null, members });
}
