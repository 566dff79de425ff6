/**
 * Reconciliation: finds organizations whose two halves do not agree and mends them. It changes nothing that is
 * whole, so a second repair finds nothing to do.
 */
import { authorize, recordAct, type Scope } from '../access/index.js';
import type { Tx } from '../db/index.js';
import { seriesId } from '../ids.js';
import { concreteTypes, organizationTypes } from './concrete.js';
import { insertConcrete } from './concrete-queries.js';
import type { OrganizationRow } from './document.js';
import { nextConcreteNumber, updateOrganization } from './queries.js';
import { requireOrganization } from './show.js';

/** Kinds of findings that a repair mends. */
export const linkFaults = [
  'organization.unlinked',
  'organization.concrete_missing',
  'organization.link_differs',
] as const;

/** One thing that does not agree. */
export interface LinkFinding {
  id: (typeof linkFaults)[number];
  organization: string;
  slug: string;
  severity: 'fail';
  what: string;
  fix: string;
}

type Half = Pick<
  OrganizationRow,
  'id' | 'slug' | 'org_name' | 'org_type' | 'linked_doctype' | 'linked_name'
> & {
  concrete: string | null;
  /** The record that it is linked to belongs to another organization. */
  link_taken: boolean;
};

/** Whether an organization and its concrete record point at each other. */
export interface OrganizationLinks {
  api_version: 'dartwing/v1';
  kind: 'OrganizationLinks';
  organization: string;
  valid: boolean;
  linked_doctype: string | null;
  linked_name: string | null;
  problems: { id: LinkFinding['id']; what: string }[];
}

/** The links of one organization, for whoever may read it. @throws ORGANIZATION_NOT_FOUND, PERMISSION_DENIED */
export async function showLinks(scope: Scope, ref: string): Promise<OrganizationLinks> {
  const { id, linked_doctype, linked_name } = await requireOrganization(scope, ref);
  authorize(scope, 'read', { doctype: 'Organization', name: id });
  const problems = (await findHalves(scope.tx, id)).map(describe).map(({ id, what }) => ({ id, what }));
  return {
    api_version: 'dartwing/v1',
    kind: 'OrganizationLinks',
    organization: id,
    valid: problems.length === 0,
    linked_doctype,
    linked_name,
    problems,
  };
}

/** What does not agree, for one organization (id) or all. */
export async function verifyLinks(scope: Scope, organization?: string): Promise<LinkFinding[]> {
  authorize(scope, 'verify', { doctype: 'Organization', name: organization ?? '*' });
  return (await findHalves(scope.tx, organization)).map(describe);
}

/**
 * Creates missing concrete records and corrects links, each with its audit entry; only findings that are wanted, by id.
 * @returns the findings that were mended
 */
export async function repairLinks(
  scope: Scope,
  organization?: string,
  isWanted: (id: string) => boolean = () => true,
): Promise<LinkFinding[]> {
  authorize(scope, 'repair', { doctype: 'Organization', name: organization ?? '*' });
  const wanted = async () =>
    (await findHalves(scope.tx, organization)).filter((half) => isWanted(describe(half).id));
  const suspects = (await wanted()).map(({ id }) => id);
  if (suspects.length === 0) return [];
  // Another repair may have been at work until the locks were ours: what is whole by now is left alone.
  await lockOrganizations(scope.tx, suspects);
  const halves = (await wanted()).filter(({ id }) => suspects.includes(id));
  // All wrong links go before the first right one comes: one may be the right one of another organization.
  await clearLinks(
    scope.tx,
    halves.map(({ id }) => id),
  );
  for (const half of halves) await repairOne(scope, half);
  return halves.map(describe);
}

async function repairOne(scope: Scope, half: Half): Promise<void> {
  const type = concreteTypes[half.org_type];
  const at = scope.clock.now();
  let name = half.concrete;
  if (name === null) {
    // A record that the organization already points to keeps the name it is known by.
    const known = half.linked_doctype === type.doctype && !half.link_taken ? half.linked_name : null;
    name = known ?? seriesId(type.series, await nextConcreteNumber(scope.tx, type.series), at);
    const fields = type.nameField ? { [type.nameField]: half.org_name } : {};
    await insertConcrete(scope.tx, type, half.id, name, fields);
  }
  const link = { linked_doctype: type.doctype, linked_name: name };
  await updateOrganization(scope.tx, half.id, link, at, scope.principal.id);
  const old = { linked_doctype: half.linked_doctype, linked_name: half.linked_name, concrete: half.concrete };
  await recordAct(
    scope,
    half.id,
    'repair',
    { doctype: 'Organization', name: half.id },
    { old, new: { ...link, concrete: name } },
  );
}

function describe(half: Half): LinkFinding {
  const { doctype } = concreteTypes[half.org_type];
  const id =
    half.concrete === null
      ? 'organization.concrete_missing'
      : half.linked_name === null
        ? 'organization.unlinked'
        : 'organization.link_differs';
  const what = {
    'organization.concrete_missing': `has no ${doctype} record`,
    'organization.unlinked': `is not linked to its ${doctype} ${half.concrete}`,
    'organization.link_differs': `is linked to ${half.linked_doctype} ${half.linked_name}, its record is ${doctype} ${half.concrete}`,
  }[id];
  return {
    id,
    organization: half.id,
    slug: half.slug,
    severity: 'fail',
    what: `${half.slug} ${what}`,
    fix: `dartwing org repair ${half.slug}`,
  };
}

/** Organizations whose link and concrete record do not point at each other. */
async function findHalves(tx: Tx, organization: string | undefined): Promise<Half[]> {
  const concretes = organizationTypes
    .map(
      (type) =>
        `select organization, name, '${type}' as org_type, '${concreteTypes[type].doctype}' as doctype from ${concreteTypes[type].table}`,
    )
    .join(' union all ');
  const text = `select o.id, o.slug, o.org_name, o.org_type, o.linked_doctype, o.linked_name, c.name as concrete,
      exists (select from (${concretes}) other where other.organization <> o.id
        and other.doctype = o.linked_doctype and other.name = o.linked_name) as link_taken
    from organization o left join (${concretes}) c on c.organization = o.id and c.org_type = o.org_type
    where ($1::text is null or o.id = $1)
      and (c.name is null or o.linked_doctype is distinct from c.doctype or o.linked_name is distinct from c.name)
    order by o.id limit 1000`;
  return (await tx.query<Half>(text, [organization ?? null])).rows;
}

async function clearLinks(tx: Tx, organizations: readonly string[]): Promise<void> {
  const text = 'update organization set linked_doctype = null, linked_name = null where id = any ($1)';
  await tx.query(text, [organizations]);
}

async function lockOrganizations(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.query('select from organization where id = any ($1) order by id for update', [ids]);
}
