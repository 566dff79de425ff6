/** Statements on role templates. */
import { quoteIdentifier, type Tx } from '../db/index.js';

export interface RoleRow {
  role_name: string;
  applies_to_org_type: string;
  is_supervisor: boolean;
  default_hourly_rate_cents: number;
}

const columns = 'role_name, applies_to_org_type, is_supervisor, default_hourly_rate_cents::float8';

export async function findRole(tx: Tx, name: string): Promise<RoleRow | undefined> {
  const text = `select ${columns} from role_template where role_name = $1`;
  return (await tx.query<RoleRow>(text, [name], 'dartwing_role_find')).rows[0];
}

/** The role, which stays as it is until the transaction ends: whoever changes it waits for those who give it. */
export async function holdRole(tx: Tx, name: string): Promise<RoleRow | undefined> {
  const text = `select ${columns} from role_template where role_name = $1 for key share`;
  return (await tx.query<RoleRow>(text, [name], 'dartwing_role_hold')).rows[0];
}

/** The role, for a change of it: waits for everybody who is giving it to somebody. */
export async function lockRole(tx: Tx, name: string): Promise<RoleRow | undefined> {
  const text = `select ${columns} from role_template where role_name = $1 for update`;
  return (await tx.query<RoleRow>(text, [name], 'dartwing_role_lock')).rows[0];
}

/** The role templates of a type of organization, or all; supervisors first. */
export async function findRoles(tx: Tx, type?: string): Promise<RoleRow[]> {
  const text = `select ${columns} from role_template where $1::text is null or applies_to_org_type = $1
    order by array_position(array['family', 'company', 'nonprofit', 'association'], applies_to_org_type),
      is_supervisor desc, role_name`;
  return (await tx.query<RoleRow>(text, [type ?? null], 'dartwing_roles')).rows;
}

/** Inserts a role. @throws the server's error for a name that exists */
export async function insertRole(tx: Tx, role: RoleRow): Promise<RoleRow> {
  const text = `insert into role_template (role_name, applies_to_org_type, is_supervisor, default_hourly_rate_cents)
    values ($1, $2, $3, $4) returning ${columns}`;
  const values = [
    role.role_name,
    role.applies_to_org_type,
    role.is_supervisor,
    role.default_hourly_rate_cents,
  ];
  return (await tx.query<RoleRow>(text, values)).rows[0]!;
}

export async function updateRole(tx: Tx, name: string, set: Partial<RoleRow>): Promise<RoleRow> {
  const names = Object.keys(set);
  const assignments = names.map((column, index) => `${quoteIdentifier(column)} = $${index + 2}`).join(', ');
  const text = `update role_template set ${assignments} where role_name = $1 returning ${columns}`;
  return (await tx.query<RoleRow>(text, [name, ...Object.values(set)])).rows[0]!;
}

export async function deleteRoleRow(tx: Tx, name: string): Promise<void> {
  await tx.query('delete from role_template where role_name = $1', [name]);
}

/** Members in every state who have a role. */
export async function countRoleMembers(tx: Tx, name: string): Promise<number> {
  const text = 'select count(*)::int as count from org_member where role = $1';
  return (await tx.query<{ count: number }>(text, [name])).rows[0]!.count;
}

/** Adds role templates that are missing; existing ones are left as they are. Returns how many were added. */
export async function insertMissingRoles(tx: Tx, roles: readonly object[]): Promise<number> {
  const text = `insert into role_template (role_name, applies_to_org_type, is_supervisor)
    select role_name, applies_to_org_type, is_supervisor from jsonb_populate_recordset(null::role_template, $1::jsonb)
    on conflict (role_name) do nothing`;
  return (await tx.query(text, [JSON.stringify(roles)])).rowCount;
}
