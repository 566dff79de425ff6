/** Role templates as operators manage them. They belong to the installation; organizations pick from them. */
import { z } from 'zod';
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { duplicateConstraint } from '../db/index.js';
import { DartwingError, type FieldError, nearest } from '../errors.js';
import { parseChoice, parseInput } from '../input.js';
import { limits } from '../limits.js';
import { organizationTypes } from '../tenancy/index.js';
import {
  countRoleMembers,
  deleteRoleRow,
  findRole,
  findRoles,
  insertRole,
  lockRole,
  type RoleRow,
  updateRole,
} from './role-queries.js';
import { seedRoles } from './roles.js';

/** The document `Role`. */
export interface RoleDocument {
  api_version: 'dartwing/v1';
  kind: 'Role';
  name: string;
  applies_to_org_type: string;
  is_supervisor: boolean;
  default_hourly_rate_cents: number;
}

/** All role templates, or those of one type. */
export interface RoleList {
  api_version: 'dartwing/v1';
  kind: 'RoleList';
  items: RoleDocument[];
  total_count: number;
}

const terms = {
  applies_to_org_type: z.enum(organizationTypes),
  is_supervisor: z.boolean().optional(),
  default_hourly_rate_cents: z.int().min(0).max(100_000_000).optional(),
};
const creation = z.strictObject({
  name: z.string().trim().min(1, 'must not be blank').max(limits.nameCharsMax),
  ...terms,
});
const changesSchema = z.strictObject({ ...terms, applies_to_org_type: terms.applies_to_org_type.optional() });

/** Keys as in the document. A role of families has no rate: what is given is kept as 0. */
export type CreateRoleInput = z.input<typeof creation> & {
  /** Accept a role that exists with the same values. */
  ifNotExists?: boolean | undefined;
};
export type RoleChanges = z.input<typeof changesSchema>;

/** Role templates, those of a type first the supervisors. @throws VALIDATION_ERROR, PERMISSION_DENIED */
export async function listRoles(scope: Scope, type?: string): Promise<RoleList> {
  authorize(scope, 'read', { doctype: 'Role Template', name: '*' });
  const known = parseChoice('type', type === 'club' ? 'association' : type, organizationTypes);
  const items = (await findRoles(scope.tx, known)).map(roleDocument);
  return { api_version: 'dartwing/v1', kind: 'RoleList', items, total_count: items.length };
}

/** @throws ROLE_NOT_FOUND with the nearest name, PERMISSION_DENIED */
export async function showRole(scope: Scope, name: string): Promise<RoleDocument> {
  authorize(scope, 'read', { doctype: 'Role Template', name });
  return roleDocument((await findRole(scope.tx, name)) ?? (await missing(scope, name)));
}

/**
 * Makes a role template. One that exists gives ROLE_EXISTS, or `op: none` with `ifNotExists` and the same values.
 * @throws VALIDATION_ERROR, ROLE_EXISTS, ROLE_DIFFERS, PERMISSION_DENIED
 */
export async function createRole(
  scope: Scope,
  { ifNotExists = false, ...input }: CreateRoleInput,
): Promise<Change<RoleDocument>> {
  const wanted = roleRow(parseInput(creation, input));
  authorize(scope, 'create', { doctype: 'Role Template', name: wanted.role_name });
  const existing = await findRole(scope.tx, wanted.role_name);
  if (existing && ifNotExists) return acceptExisting(scope, existing, wanted);
  const row = await insertRole(scope.tx, wanted).catch((error: unknown) => {
    if (duplicateConstraint(error) === undefined) throw error;
    throw new DartwingError('ROLE_EXISTS', { role: wanted.role_name });
  });
  return answer(scope, 'create', null, roleDocument(row));
}

/**
 * Changes a role template. Type and supervision stay as they are while members have the role: an organization could
 * be left without supervisor, or with a role of another type.
 * @throws VALIDATION_ERROR, ROLE_NOT_FOUND, ROLE_IN_USE with how many, PERMISSION_DENIED
 */
export async function changeRole(
  scope: Scope,
  name: string,
  changes: RoleChanges,
): Promise<Change<RoleDocument>> {
  const parsed = parseInput(changesSchema, changes);
  authorize(scope, 'update', { doctype: 'Role Template', name });
  const row = (await lockRole(scope.tx, name)) ?? (await missing(scope, name));
  const given = Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
  const { role_name: _name, ...wanted } = withRate({ ...row, ...given });
  const before = roleDocument(row);
  const set = Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) => value !== row[key as keyof RoleRow]),
  );
  if (Object.keys(set).length === 0)
    return changeDocument(scope, { op: 'none', ref: `role/${name}`, before, after: before, audit: null });
  if (set.applies_to_org_type !== undefined || set.is_supervisor !== undefined)
    await refuseInUse(scope, name, 'given another type or supervision');
  return answer(scope, 'update', before, roleDocument(await updateRole(scope.tx, name, set)));
}

/** @throws ROLE_NOT_FOUND, ROLE_IN_USE with how many members have it, PERMISSION_DENIED */
export async function deleteRole(scope: Scope, name: string): Promise<Change<RoleDocument>> {
  authorize(scope, 'delete', { doctype: 'Role Template', name });
  const row = (await lockRole(scope.tx, name)) ?? (await missing(scope, name));
  await refuseInUse(scope, name, 'deleted');
  await deleteRoleRow(scope.tx, name);
  return answer(scope, 'delete', roleDocument(row), null);
}

/** Adds the role templates of the installation that are missing; run again, it adds none. */
export async function seedMissingRoles(scope: Scope): Promise<{ added: number; total: number }> {
  authorize(scope, 'create', { doctype: 'Role Template', name: '*' });
  const added = await seedRoles(scope.tx);
  const total = (await findRoles(scope.tx)).length;
  if (added > 0) {
    const ref = { doctype: 'Role Template', name: '*' };
    await recordAct(scope, systemOrganization, 'seed', ref, { old: null, new: { added, total } });
  }
  return { added, total };
}

function roleRow({ name, ...given }: z.output<typeof creation>): RoleRow {
  const { is_supervisor = false, default_hourly_rate_cents = 0, applies_to_org_type } = given;
  return withRate({ role_name: name, applies_to_org_type, is_supervisor, default_hourly_rate_cents });
}

/** Nobody is paid by the hour in a family. */
function withRate(role: RoleRow): RoleRow {
  return role.applies_to_org_type === 'family' ? { ...role, default_hourly_rate_cents: 0 } : role;
}

function roleDocument({ role_name, ...row }: RoleRow): RoleDocument {
  return { api_version: 'dartwing/v1', kind: 'Role', name: role_name, ...row };
}

async function answer(
  scope: Scope,
  op: 'create' | 'update' | 'delete',
  before: RoleDocument | null,
  after: RoleDocument | null,
): Promise<Change<RoleDocument>> {
  const { name } = (after ?? before)!;
  const ref = { doctype: 'Role Template', name };
  const audit = await recordAct(scope, systemOrganization, op, ref, { old: before, new: after });
  return changeDocument(scope, { op, ref: `role/${name}`, before, after, audit });
}

async function refuseInUse(scope: Scope, role: string, action: string): Promise<void> {
  const count = await countRoleMembers(scope.tx, role);
  if (count > 0) throw new DartwingError('ROLE_IN_USE', { role, action, count });
}

function acceptExisting(scope: Scope, existing: RoleRow, wanted: RoleRow): Change<RoleDocument> {
  const fields: FieldError[] = Object.entries(wanted)
    .filter(([key, value]) => existing[key as keyof RoleRow] !== value)
    .map(([path]) => ({ path, message: `is ${JSON.stringify(existing[path as keyof RoleRow])}` }));
  if (fields.length > 0) throw new DartwingError('ROLE_DIFFERS', { role: wanted.role_name }, { fields });
  const document = roleDocument(existing);
  const ref = `role/${wanted.role_name}`;
  return changeDocument(scope, { op: 'none', ref, before: document, after: document, audit: null });
}

async function missing(scope: Scope, name: string): Promise<never> {
  const names = (await findRoles(scope.tx)).map((role) => role.role_name);
  const near = nearest(name, names);
  throw new DartwingError(
    'ROLE_NOT_FOUND',
    { role: name.slice(0, 140), suggestion: near ? `Did you mean ${near}?` : '' },
    { fix: ['dartwing role list'] },
  );
}
