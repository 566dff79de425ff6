/** Every statement of the equipment room. */
import type { Tx } from '../db/index.js';
import type { EquipmentFields } from './input.js';

export interface EquipmentRow extends EquipmentFields {
  organization: string;
  id: string;
  assigned_to: string | null;
  version: number;
  created_at: Date;
  modified_at: Date;
}

export interface CustodyRow {
  from_person: string | null;
  to_person: string | null;
  at: Date;
  by: string;
  reason: string | null;
}

const columns = `organization, id, equipment_name, equipment_type, serial_number, status, assigned_to,
  current_location, documents, maintenance_schedule, version, created_at, modified_at`;

export async function nextEquipmentNumber(tx: Tx): Promise<string> {
  const text = `select nextval('equipment_series')::text as number`;
  return (await tx.query<{ number: string }>(text, [], 'dartwing_equipment_number')).rows[0]!.number;
}

/** Columns whose values are lists travel as JSON text: the driver would take an array for one of PostgreSQL's. */
function parameter(value: unknown): unknown {
  return Array.isArray(value) ? JSON.stringify(value) : value;
}

export async function insertEquipment(
  tx: Tx,
  row: EquipmentFields & { organization: string; id: string; at: Date; by: string },
): Promise<EquipmentRow> {
  const text = `insert into equipment (organization, id, equipment_name, equipment_type, serial_number, status,
      current_location, documents, maintenance_schedule, created_at, created_by, modified_at, modified_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $11) returning ${columns}`;
  const values = [
    row.organization,
    row.id,
    row.equipment_name,
    row.equipment_type,
    row.serial_number,
    row.status,
    row.current_location,
    row.documents,
    row.maintenance_schedule,
    row.at,
    row.by,
  ].map(parameter);
  return (await tx.query<EquipmentRow>(text, values, 'dartwing_equipment_insert')).rows[0]!;
}

export async function findEquipment(
  tx: Tx,
  organization: string,
  id: string,
): Promise<EquipmentRow | undefined> {
  const text = `select ${columns} from equipment where organization = $1 and id = $2`;
  return (await tx.query<EquipmentRow>(text, [organization, id], 'dartwing_equipment_find')).rows[0];
}

export async function lockEquipment(
  tx: Tx,
  organization: string,
  id: string,
): Promise<EquipmentRow | undefined> {
  const text = `select ${columns} from equipment where organization = $1 and id = $2 for update`;
  return (await tx.query<EquipmentRow>(text, [organization, id], 'dartwing_equipment_lock')).rows[0];
}

/** Sets columns of a piece; their names come from this room. */
export async function updateEquipment(
  tx: Tx,
  row: Pick<EquipmentRow, 'organization' | 'id'>,
  changes: Partial<EquipmentFields & Pick<EquipmentRow, 'assigned_to'>>,
  at: Date,
  by: string,
): Promise<EquipmentRow> {
  const assignments = Object.keys(changes).map((name, index) => `${name} = $${index + 5}, `);
  const text = `update equipment set ${assignments.join('')}version = version + 1, modified_at = $3, modified_by = $4
    where organization = $1 and id = $2 returning ${columns}`;
  const values = [row.organization, row.id, at, by, ...Object.values(changes).map(parameter)];
  return (await tx.query<EquipmentRow>(text, values)).rows[0]!;
}

export async function deleteEquipment(tx: Tx, organization: string, id: string): Promise<void> {
  await tx.query('delete from equipment where organization = $1 and id = $2', [organization, id]);
}

export async function insertCustody(
  tx: Tx,
  row: CustodyRow & { organization: string; equipment: string },
): Promise<void> {
  const text = `insert into equipment_custody (organization, equipment, row_index, from_person, to_person, at, by, reason)
    select $1, $2, coalesce(max(row_index), 0) + 1, $3, $4, $5, $6, $7 from equipment_custody
    where organization = $1 and equipment = $2`;
  const { organization, equipment, from_person, to_person, at, by, reason } = row;
  await tx.query(
    text,
    [organization, equipment, from_person, to_person, at, by, reason],
    'dartwing_custody_insert',
  );
}

/** The custody trail, as the last that is asked for. */
export async function finishWithCustody(
  tx: Tx,
  organization: string,
  equipment: string,
): Promise<CustodyRow[]> {
  const text = `select from_person, to_person, at, by, reason from equipment_custody
    where organization = $1 and equipment = $2 order by row_index`;
  return (await tx.finish<CustodyRow>(text, [organization, equipment], 'dartwing_custody')).rows;
}

export async function pageEquipment(
  tx: Tx,
  page: { organization: string; status: string | null; limit: number; offset: number },
): Promise<{ rows: EquipmentRow[]; total: number }> {
  const condition = 'organization = $1 and ($2::text is null or status = $2)';
  const filter = [page.organization, page.status];
  const [rows, total] = await Promise.all([
    tx.query<EquipmentRow>(
      `select ${columns} from equipment where ${condition} order by id limit $3 offset $4`,
      [...filter, page.limit, page.offset],
      'dartwing_equipment_page',
    ),
    tx.query<{ total: number }>(
      `select count(*)::int as total from equipment where ${condition}`,
      filter,
      'dartwing_equipment_count',
    ),
  ]);
  return { rows: rows.rows, total: total.rows[0]!.total };
}

/** What a person (id or address) has, in some organizations or (null) all. */
export async function findEquipmentOfPerson(
  tx: Tx,
  person: string,
  organizations: readonly string[] | null,
  limit: number,
): Promise<EquipmentRow[]> {
  const text = `select ${columns} from equipment e
    where (assigned_to = $1 or exists (select from org_member m
        where m.organization = e.organization and m.person = e.assigned_to and m.person_email = lower($1)))
      and ($2::text[] is null or organization = any ($2))
    order by organization, id limit $3`;
  return (await tx.query<EquipmentRow>(text, [person, organizations, limit], 'dartwing_equipment_of_person'))
    .rows;
}

export interface Custodian {
  person: string;
  email: string;
  name: string;
  role: string;
}

const assignable = `status = 'active' and guest_until is null`;

/** An active member by address or id, held so that they cannot leave until the transaction ends. */
export async function lockCustodian(
  tx: Tx,
  organization: string,
  ref: string,
): Promise<Custodian | undefined> {
  const text = `select person, person_email as email, member_name as name, role from org_member
    where organization = $1 and (person = $2 or person_email = lower($2)) and ${assignable} for share`;
  return (await tx.query<Custodian>(text, [organization, ref], 'dartwing_custodian')).rows[0];
}

export async function findCustodians(tx: Tx, organization: string): Promise<Custodian[]> {
  const text = `select person, person_email as email, member_name as name, role from org_member
    where organization = $1 and ${assignable} order by member_name, person_email limit 10000`;
  return (await tx.query<Custodian>(text, [organization], 'dartwing_custodians')).rows;
}

export async function countEquipment(tx: Tx, organization: string, person?: string): Promise<number> {
  const text = `select count(*)::int as count from equipment
    where organization = $1 and ($2::text is null or assigned_to = $2)`;
  return (await tx.query<{ count: number }>(text, [organization, person ?? null], 'dartwing_equipment_held'))
    .rows[0]!.count;
}

/** Gives everything a merged person has to the one it was merged into. */
export async function reassignEquipment(
  tx: Tx,
  loser: string,
  winner: string,
  at: Date,
): Promise<{ organization: string; id: string }[]> {
  const text = `update equipment set assigned_to = $2, version = version + 1, modified_at = $3
    where assigned_to = $1 returning organization, id`;
  return (await tx.query<{ organization: string; id: string }>(text, [loser, winner, at])).rows;
}
