/** Suspending, restoring, dissolving and purging organizations. */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { concreteTypes } from './concrete.js';
import { deleteConcrete } from './concrete-queries.js';
import { type OrganizationDocument, type OrganizationRow, organizationFacts, stateOf } from './document.js';
import { deleteOrganization, findPurgeable, updateOrganization } from './queries.js';
import { fullDocument, requireOrganization } from './show.js';

type OrganizationChange = Change<OrganizationDocument>;

const dayMs = 86_400_000;

/**
 * Suspends an organization: sign-in, sync and new jobs are refused, data is kept. A suspension with `until` ends
 * by itself.
 * @throws REASON_REQUIRED, ORGANIZATION_NOT_FOUND, ORGANIZATION_STATE, VALIDATION_ERROR (until lies in the past)
 */
export async function suspendOrganization(
  scope: Scope,
  ref: string,
  until?: Date,
): Promise<OrganizationChange> {
  const reason = requireReason(scope, 'Suspending an organization');
  const now = scope.clock.now();
  if (until !== undefined && until <= now)
    throw new DartwingError('VALIDATION_ERROR', { message: 'until lies in the past' });
  return transition(scope, ref, 'suspend', ['active', 'inactive'], 'suspended', {
    suspended_at: now,
    suspended_until: until ?? null,
    suspended_reason: reason,
  });
}

/**
 * Takes back a dissolution before its purge date, else ends a suspension: whoever was suspended or inactive before it
 * was dissolved is so again.
 * @throws REASON_REQUIRED, ORGANIZATION_NOT_FOUND, ORGANIZATION_STATE
 */
export async function restoreOrganization(scope: Scope, ref: string): Promise<OrganizationChange> {
  requireReason(scope, 'Restoring an organization');
  return transition(scope, ref, 'restore', ['suspended', 'dissolved'], 'restored', (row) =>
    row.status === 'dissolved'
      ? {
          status: row.dissolved_from ?? 'active',
          dissolved_at: null,
          dissolved_reason: null,
          dissolved_from: null,
          purge_at: null,
        }
      : { suspended_at: null, suspended_until: null, suspended_reason: null },
  );
}

/**
 * Dissolves an organization: nobody can use it, its data waits `purgeAfterDays` (default 30) and is then purged. Rooms
 * above may refuse (equipment, for example).
 * @throws REASON_REQUIRED, ORGANIZATION_NOT_FOUND, ORGANIZATION_STATE (dissolved already), LEGAL_HOLD,
 * ORGANIZATION_HAS_DEPENDENTS
 */
export async function dissolveOrganization(
  scope: Scope,
  ref: string,
  purgeAfterDays: number = limits.purgeAfterDaysDefault,
): Promise<OrganizationChange> {
  const reason = requireReason(scope, 'Dissolving an organization');
  if (!Number.isFinite(purgeAfterDays) || purgeAfterDays < 0 || purgeAfterDays > 3_650) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'The purge date lies between now and ten years ahead',
    });
  }
  const now = scope.clock.now();
  const change = await transition(
    scope,
    ref,
    'delete',
    ['active', 'inactive', 'suspended'],
    'dissolved',
    async (row) => {
      refuseLegalHold(row);
      await scope.events.publish(scope, 'organization.dissolving', { organization: organizationFacts(row) });
      return {
        status: 'dissolved',
        dissolved_at: now,
        dissolved_reason: reason,
        dissolved_from: row.status,
        purge_at: new Date(now.getTime() + purgeAfterDays * dayMs),
      };
    },
  );
  return { ...change, op: 'delete', undo: `dartwing org restore ${change.after?.slug} --reason "…"` };
}

/**
 * Deletes a dissolved organization and all its rows for good; its audit chain stays. A missing concrete record is
 * told as a warning and stops nothing. Rooms above delete their rows or refuse (equipment, for example).
 * @throws ORGANIZATION_STATE (not dissolved), LEGAL_HOLD, ORGANIZATION_HAS_DEPENDENTS
 */
export async function purgeOrganization(scope: Scope, ref: string): Promise<OrganizationChange> {
  requireReason(scope, 'Purging an organization');
  const row = await requireOrganization(scope, ref, true);
  authorize(scope, 'purge', { doctype: 'Organization', name: row.id });
  refuseLegalHold(row);
  if (row.status !== 'dissolved') {
    throw new DartwingError('ORGANIZATION_STATE', {
      slug: row.slug,
      state: stateOf(row, scope.clock.now()),
      action: 'purged before it is dissolved',
    });
  }
  const before = await fullDocument(scope, row);
  await scope.events.publish(scope, 'organization.purging', { organization: organizationFacts(row) });
  const hadConcrete = await deleteConcrete(scope.tx, concreteTypes[row.org_type], row.id);
  await deleteOrganization(scope.tx, row.id).catch((error: unknown) => {
    // A foreign key of a table whose room did not answer the event.
    if ((error as { detail?: { sqlstate?: string } }).detail?.sqlstate !== '23503') throw error;
    throw new DartwingError(
      'ORGANIZATION_HAS_DEPENDENTS',
      { slug: row.slug, dependents: 'records of another room' },
      { cause: error },
    );
  });
  const audit = await recordAct(
    scope,
    row.id,
    'purge',
    { doctype: 'Organization', name: row.id },
    { old: before, new: null },
  );
  const warnings = hadConcrete
    ? []
    : [`The ${concreteTypes[row.org_type].doctype} record was already missing`];
  return changeDocument(scope, {
    op: 'delete',
    ref: `org/${row.slug}`,
    before,
    after: null,
    audit,
    warnings,
  });
}

/** Slugs of the organizations whose purge date has come, oldest first, at most 500. */
export async function listPurgeable(scope: Scope): Promise<string[]> {
  authorize(scope, 'purge', { doctype: 'Organization', name: '*' });
  return (await findPurgeable(scope.tx, scope.clock.now())).map((row) => row.slug);
}

type Columns = Partial<Record<keyof OrganizationRow, unknown>>;

/** One change of state: lock, check where it comes from, set, record. */
async function transition(
  scope: Scope,
  ref: string,
  action: string,
  from: readonly string[],
  done: string,
  columns: Columns | ((row: OrganizationRow) => Columns | Promise<Columns>),
): Promise<OrganizationChange> {
  const row = await requireOrganization(scope, ref, true);
  authorize(scope, action, { doctype: 'Organization', name: row.id });
  const state = stateOf(row, scope.clock.now());
  if (!from.includes(state))
    throw new DartwingError('ORGANIZATION_STATE', { slug: row.slug, state, action: done });
  const set = typeof columns === 'function' ? await columns(row) : columns;
  const before = await fullDocument(scope, row);
  const changed = await updateOrganization(scope.tx, row.id, set, scope.clock.now(), scope.principal.id);
  const after = await fullDocument(scope, changed);
  const audit = await recordAct(
    scope,
    row.id,
    action,
    { doctype: 'Organization', name: row.id },
    { old: before, new: after },
  );
  return changeDocument(scope, { op: 'update', ref: `org/${row.slug}`, before, after, audit });
}

function refuseLegalHold(row: OrganizationRow): void {
  if (row.legal_hold) throw new DartwingError('LEGAL_HOLD', { slug: row.slug });
}

function requireReason(scope: Scope, action: string): string {
  const reason = scope.reason?.trim();
  if (!reason) throw new DartwingError('REASON_REQUIRED', { action });
  return reason;
}
