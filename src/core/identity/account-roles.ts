/** Keeps the system roles of an account equal to the groups of the identity provider. */
import { recordAct, type Scope } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import type { Log } from '../log.js';
import type { Identity } from './claims.js';
import { lockAccountRoles, type SignInRow, setSystemRoles } from './link-queries.js';
import { fallbackRole, mapRoles, type RoleMap } from './role-map.js';

/**
 * Gives and takes roles as the groups say, and records both. A token without the claim changes nothing: some
 * providers leave it out when there are many groups, which must not read as none.
 */
export async function followGroups(
  scope: Scope,
  { groups }: Identity,
  { person, account, system_roles: seen }: SignInRow,
  map: RoleMap,
): Promise<void> {
  if (groups === undefined || account === null || seen === null || isSettled(map, groups, seen)) return;
  const current = await lockAccountRoles(scope.tx, account);
  const { roles, added, removed } = mapRoles(map, groups, current);
  if (added.length + removed.length === 0) return;
  await setSystemRoles(scope.tx, account, roles);
  scope.doorbell?.ringAfter(scope.tx, [person]);
  await recordAct(
    scope,
    systemOrganization,
    'account.roles',
    { doctype: 'User', name: account },
    { old: { system_roles: current }, new: { system_roles: roles } },
  );
}

/** Says that somebody got the fallback role because no group of theirs is in the map. */
export function reportFallback({ groups }: Identity, { account }: SignInRow, map: RoleMap, log: Log): void {
  if (groups === undefined || !mapRoles(map, groups, []).fellBack) return;
  log.warn({ account, groups, role: fallbackRole }, 'no group of the token is mapped to a role');
}

function isSettled(map: RoleMap, groups: readonly string[], seen: readonly string[]): boolean {
  const { added, removed } = mapRoles(map, groups, seen);
  return added.length + removed.length === 0;
}
