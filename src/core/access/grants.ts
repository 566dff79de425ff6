/** Grants against the memberships they follow from: what is missing, what is too much, and making both right. */
import { stageAuditMany } from '../audit/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { authorize } from './authorize.js';
import {
  deleteGrants,
  insertGrants,
  type Mismatch,
  pageOrganizations,
  selectMismatches,
  selectOrganization,
} from './queries.js';
import type { Scope } from './scope.js';

/** What one step over some organizations found or did, and where the next one begins. */
export interface GrantsStep {
  organizations: number;
  mismatches: Mismatch[];
  /** Id after which to go on; undefined at the end. */
  next: string | undefined;
}

/** Compares the grants of some organizations. @throws PERMISSION_DENIED, ORGANIZATION_NOT_FOUND */
export async function compareGrants(scope: Scope, place: Place): Promise<GrantsStep> {
  authorize(scope, 'verify', { doctype: 'Permission Grant', name: '*' });
  const ids = await organizationsOf(scope, place, false);
  return step(place, ids, await selectMismatches(scope.tx, ids));
}

/**
 * Makes missing grants and takes away orphaned ones; run again, it finds nothing to do. Each organization that
 * changed gets an entry in its trail.
 * @throws PERMISSION_DENIED, ORGANIZATION_NOT_FOUND
 */
export async function rebuildGrants(scope: Scope, place: Place): Promise<GrantsStep> {
  authorize(scope, 'rebuild', { doctype: 'Permission Grant', name: '*' });
  const { tx, clock, principal, via, reason, requestId } = scope;
  const ids = await organizationsOf(scope, place, true);
  const mismatches = await selectMismatches(tx, ids);
  const missing = mismatches.filter(({ id }) => id === 'member.without_grant');
  const orphans = mismatches.filter(({ id }) => id === 'grant.without_member');
  await insertGrants(tx, missing, clock.now());
  await deleteGrants(tx, orphans);
  const changed = [...new Set(mismatches.map(({ organization }) => organization))];
  const of = (list: readonly Mismatch[], organization: string) =>
    list
      .filter((row) => row.organization === organization)
      .slice(0, limits.pageMax)
      .map(({ user, allow, for_value }) => ({ user, allow, for_value }));
  await stageAuditMany(
    tx,
    changed.map((organization) => ({
      organization,
      action: 'permission.rebuild',
      actor: principal,
      via,
      ref: { doctype: 'Organization', name: organization },
      reason,
      requestId,
      old: { orphaned: of(orphans, organization) },
      new: { created: of(missing, organization) },
    })),
  );
  if (changed.length > 0) scope.doorbell.ringAfter(tx, ['*']);
  return step(place, ids, mismatches);
}

/** One organization (id or slug), or a page of all behind an id. */
export type Place = { organization: string } | { after: string };

async function organizationsOf(scope: Scope, place: Place, lock: boolean): Promise<string[]> {
  if ('after' in place) return pageOrganizations(scope.tx, place.after, limits.pageMax, lock);
  const id = await selectOrganization(scope.tx, place.organization, lock);
  if (id === undefined)
    throw new DartwingError('ORGANIZATION_NOT_FOUND', {
      ref: place.organization.slice(0, 80),
      suggestion: '',
    });
  return [id];
}

function step(place: Place, ids: readonly string[], mismatches: Mismatch[]): GrantsStep {
  const more = 'after' in place && ids.length === limits.pageMax;
  return { organizations: ids.length, mismatches, next: more ? ids.at(-1) : undefined };
}
