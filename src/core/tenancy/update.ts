/** Changing the settings and the concrete record of an organization. */
import {
  authorize,
  type Change,
  changeDocument,
  recordAct,
  requireWritable,
  type Scope,
} from '../access/index.js';
import { DartwingError } from '../errors.js';
import { concreteTypes, ownershipWarnings } from './concrete.js';
import { updateConcrete } from './concrete-queries.js';
import { resolvePersons } from './create.js';
import {
  comparable,
  type OrganizationDocument,
  type OrganizationRow,
  organizationFacts,
} from './document.js';
import { type OrganizationChanges, parseChanges, parseSettings } from './input.js';
import { updateOrganization } from './queries.js';
import { fullDocument, requireOrganization } from './show.js';

/**
 * Changes what `changes` names and leaves the rest. Values that are already so change nothing (`op: none`).
 * @param ifVersion refuse when the organization is at another version
 * @throws ORGANIZATION_NOT_FOUND, VALIDATION_ERROR, VERSION_MOVED, ORGANIZATION_STATE (dissolved, and more than its
 * legal hold would change), PERMISSION_DENIED
 */
export async function updateOrganizationSettings(
  scope: Scope,
  ref: string,
  changes: OrganizationChanges,
  ifVersion?: number,
): Promise<Change<OrganizationDocument>> {
  parseSettings(changes);
  const row = await requireOrganization(scope, ref, true);
  authorize(scope, 'update', { doctype: 'Organization', name: row.id });
  if (ifVersion !== undefined && ifVersion !== row.version) {
    throw new DartwingError('VERSION_MOVED', {
      ref: `org/${row.slug}`,
      current: row.version,
      given: ifVersion,
    });
  }
  // A court may ask for what is about to be purged.
  const onlyHolds = given(changes).every((key) => key === 'legal_hold');
  if (row.status === 'dissolved' && !onlyHolds)
    throw new DartwingError('ORGANIZATION_STATE', { slug: row.slug, state: 'dissolved', action: 'changed' });
  const parsed = parseChanges(row.org_type, changes);
  requireChangeable(scope, row, parsed);
  const before = await fullDocument(scope, row);
  if (parsed.concrete !== undefined && before[row.org_type] === null) throw withoutConcrete(row);
  const concrete = await resolvePersons(scope, row.org_type, parsed.concrete ?? {});
  const changedConcrete = changedOf((before[row.org_type] ?? {}) as Record<string, unknown>, concrete);
  const set = changedColumns(row, parsed);
  if (Object.keys(set).length + Object.keys(changedConcrete).length === 0) {
    return changeDocument(scope, { op: 'none', ref: `org/${row.slug}`, before, after: before, audit: null });
  }
  const renamed = set.org_name !== undefined;
  const type = concreteTypes[row.org_type];
  if (renamed && type.mirrorsName && type.nameField && concrete[type.nameField] === undefined) {
    changedConcrete[type.nameField] = set.org_name;
  }
  await updateConcrete(scope.tx, type, row.id, changedConcrete);
  const changed = await updateOrganization(scope.tx, row.id, set, scope.clock.now(), scope.principal.id);
  if (renamed)
    await scope.events.publish(scope, 'organization.renamed', { organization: organizationFacts(changed) });
  const after = await fullDocument(scope, changed);
  const audit = await recordAct(
    scope,
    row.id,
    'update',
    { doctype: 'Organization', name: row.id },
    { old: before, new: after },
  );
  const warnings = ownershipWarnings((after[row.org_type] ?? {}) as Record<string, unknown>);
  return changeDocument(scope, { op: 'update', ref: `org/${row.slug}`, before, after, audit, warnings });
}

/** The masks of the role: those of the organization for its settings, those of its type for the concrete record. */
function requireChangeable(scope: Scope, row: OrganizationRow, changes: OrganizationChanges): void {
  requireWritable(scope, { doctype: 'Organization', name: row.id }, given(changes));
  const concrete = {
    doctype: concreteTypes[row.org_type].doctype,
    name: row.linked_name ?? '',
    organization: row.id,
  };
  requireWritable(scope, concrete, given(changes.concrete ?? {}));
}

function given(changes: object): string[] {
  return Object.entries(changes).flatMap(([key, value]) => (value === undefined ? [] : [key]));
}

function withoutConcrete({ slug, org_type }: OrganizationRow): DartwingError {
  const state = `without its ${concreteTypes[org_type].doctype} record`;
  return new DartwingError(
    'ORGANIZATION_STATE',
    { slug, state, action: 'changed there' },
    { fix: [`dartwing org repair ${slug}`] },
  );
}

const columnOf = {
  name: 'org_name',
  tier: 'tier',
  logo: 'logo',
  status: 'status',
  legal_hold: 'legal_hold',
  mfa_required: 'mfa_required',
  session_timeout_minutes: 'session_timeout_minutes',
} as const satisfies Partial<Record<keyof OrganizationChanges, keyof OrganizationRow>>;

function changedColumns(
  row: OrganizationRow,
  changes: OrganizationChanges,
): Partial<Record<keyof OrganizationRow, unknown>> {
  const set: Partial<Record<keyof OrganizationRow, unknown>> = {};
  for (const [key, column] of Object.entries(columnOf) as [keyof typeof columnOf, keyof OrganizationRow][]) {
    const value = changes[key];
    if (value !== undefined && value !== row[column]) set[column] = value;
  }
  return set;
}

/** The entries of `wanted` that differ from `have`. Rows of child lists are compared without their empty fields. */
function changedOf(
  have: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const changed = Object.entries(wanted).filter(
    ([key, value]) => value !== undefined && comparable(value) !== comparable(have[key] ?? null),
  );
  return Object.fromEntries(changed);
}
