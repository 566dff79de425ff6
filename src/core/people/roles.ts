/** Role templates: system-wide roles that organizations of a type pick from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Tx } from '../db/index.js';
import { DartwingError, nearest } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { findRoles, holdRole, insertMissingRoles, type RoleRow } from './role-queries.js';

const templates = z.array(
  z.strictObject({
    role_name: z.string().min(1).max(140),
    applies_to_org_type: z.enum(['family', 'company', 'nonprofit', 'association']),
    is_supervisor: z.boolean(),
  }),
);

/** Adds the role templates of templates/roles that are missing. Returns how many were added; run again, none. */
export async function seedRoles(tx: Tx): Promise<number> {
  const { parse } = await import('yaml');
  const text = readFileSync(join(packageRoot(), 'templates', 'roles', 'roles.yaml'), 'utf8');
  return insertMissingRoles(tx, templates.parse(parse(text)));
}

/**
 * The role of that name, for an organization of a type; it stays as it is until the transaction ends.
 * @throws ROLE_NOT_FOUND, INVALID_ROLE_FOR_ORG_TYPE, both naming the roles of the type
 */
export async function requireRole(tx: Tx, name: string, type: string): Promise<RoleRow> {
  const role = await holdRole(tx, name);
  if (role?.applies_to_org_type === type) return role;
  const names = (await findRoles(tx, type)).map((other) => other.role_name);
  const roles = names.join(', ');
  if (role)
    throw new DartwingError('INVALID_ROLE_FOR_ORG_TYPE', {
      role: name,
      type,
      role_type: role.applies_to_org_type,
      roles,
    });
  const near = nearest(name, names);
  throw new DartwingError('ROLE_NOT_FOUND', {
    role: name.slice(0, 140),
    type,
    roles,
    suggestion: near ? `Did you mean ${near}?` : '',
  });
}

/** The supervisor role that founds an organization of each type (requirements §3.4). */
export const founderRole = {
  family: 'Parent',
  company: 'Owner',
  nonprofit: 'Board Member',
  association: 'President',
} as const;
