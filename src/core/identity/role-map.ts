/** Groups of the identity provider → system roles of an account. Pure. */

/** A group as the token names it, and the role its members have here. */
export type RoleMap = Readonly<Record<string, string>>;

/** The map of the requirements (§7.5.3). */
export const defaultRoleMap: RoleMap = Object.freeze({
  '/dartwing/admins': 'System Manager',
  '/dartwing/org-admins': 'Organization Admin',
  '/dartwing/users': 'Dartwing User',
});

/** What somebody has whose groups say nothing to us. */
export const fallbackRole = 'Dartwing User';

export interface RoleChange {
  roles: string[];
  added: string[];
  removed: string[];
  /** No group of the token is in the map. */
  fellBack: boolean;
}

/**
 * The roles an account should have. Roles that the map can give are exactly those of the groups; others, which
 * somebody gave by hand, stay.
 */
export function mapRoles(map: RoleMap, groups: readonly string[], current: readonly string[]): RoleChange {
  const managed = new Set(Object.values(map));
  const given = groups.flatMap((group) => (Object.hasOwn(map, group) ? [map[group]!] : []));
  const fellBack = given.length === 0;
  const wanted = new Set(fellBack ? [fallbackRole] : given);
  const roles = [...new Set([...current.filter((role) => !managed.has(role)), ...wanted])].sort();
  return {
    roles,
    added: roles.filter((role) => !current.includes(role)),
    removed: current.filter((role) => !roles.includes(role)),
    fellBack,
  };
}
