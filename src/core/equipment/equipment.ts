/** Creating, changing and deleting equipment, and handing it over. Every verb runs bound to its organization. */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { duplicateConstraint } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { seriesId } from '../ids.js';
import { type EquipmentDocument, equipmentDocument } from './document.js';
import {
  type EquipmentChanges,
  type EquipmentInput,
  overdue,
  parseEquipment,
  parseEquipmentChanges,
} from './input.js';
import {
  deleteEquipment,
  type EquipmentRow,
  insertCustody,
  insertEquipment,
  lockCustodian,
  lockEquipment,
  nextEquipmentNumber,
  updateEquipment,
} from './queries.js';

type EquipmentChange = Change<EquipmentDocument>;

/** Where nothing may be handed over: it is not there, or not to be used. */
const unassignable: readonly EquipmentRow['status'][] = ['lost', 'stolen', 'retired'];

/** @throws VALIDATION_ERROR, SERIAL_NUMBER_TAKEN, ASSIGNEE_NOT_MEMBER, EQUIPMENT_STATE */
export async function createEquipment(scope: Scope, input: EquipmentInput): Promise<EquipmentChange> {
  const organization = scope.tx.organization!;
  const fields = parseEquipment(input);
  authorize(scope, 'create', { doctype: 'Equipment', name: fields.equipment_name, organization });
  const at = scope.clock.now();
  const id = seriesId('equipment', await nextEquipmentNumber(scope.tx), at);
  const made = await insertEquipment(scope.tx, {
    ...fields,
    organization,
    id,
    at,
    by: scope.principal.id,
  }).catch(refuseTakenSerial);
  const row = input.assigned_to === undefined ? made : await handOver(scope, made, input.assigned_to);
  return changed(scope, 'create', null, row);
}

/** @throws EQUIPMENT_NOT_FOUND, EQUIPMENT_OWNER_IMMUTABLE, VALIDATION_ERROR, SERIAL_NUMBER_TAKEN, VERSION_MOVED */
export async function changeEquipment(
  scope: Scope,
  id: string,
  input: EquipmentChanges,
  ifVersion?: number,
): Promise<EquipmentChange> {
  const changes = parseEquipmentChanges(input);
  const row = await lockPiece(scope, 'update', id);
  if (ifVersion !== undefined && ifVersion !== row.version) {
    throw new DartwingError('VERSION_MOVED', {
      ref: `equipment/${id}`,
      current: row.version,
      given: ifVersion,
    });
  }
  if (Object.keys(changes).length === 0) return unchanged(scope, row);
  const { tx, clock, principal } = scope;
  const after = await updateEquipment(tx, row, changes, clock.now(), principal.id).catch(refuseTakenSerial);
  return changed(scope, 'update', row, after);
}

/**
 * Hands a piece to an active member, by address or id.
 * @throws EQUIPMENT_NOT_FOUND, EQUIPMENT_STATE, ASSIGNEE_NOT_MEMBER
 */
export async function assignEquipment(scope: Scope, id: string, member: string): Promise<EquipmentChange> {
  const row = await lockPiece(scope, 'update', id);
  const after = await handOver(scope, row, member);
  return after === row ? unchanged(scope, row) : changed(scope, 'assign', row, after);
}

/** Takes a piece back, whatever became of it. @throws EQUIPMENT_NOT_FOUND */
export async function unassignEquipment(scope: Scope, id: string): Promise<EquipmentChange> {
  const row = await lockPiece(scope, 'update', id);
  if (row.assigned_to === null) return unchanged(scope, row);
  return changed(scope, 'unassign', row, await moveCustody(scope, row, null));
}

/** @throws EQUIPMENT_NOT_FOUND */
export async function removeEquipment(scope: Scope, id: string): Promise<EquipmentChange> {
  const row = await lockPiece(scope, 'delete', id);
  await deleteEquipment(scope.tx, row.organization, row.id);
  return changed(scope, 'delete', row, null);
}

async function lockPiece(scope: Scope, action: string, id: string): Promise<EquipmentRow> {
  const organization = scope.tx.organization!;
  authorize(scope, action, { doctype: 'Equipment', name: id, organization });
  const row = await lockEquipment(scope.tx, organization, id);
  if (row === undefined)
    throw new DartwingError('EQUIPMENT_NOT_FOUND', { ref: id.slice(0, 80), organization });
  return row;
}

async function handOver(scope: Scope, row: EquipmentRow, member: string): Promise<EquipmentRow> {
  if (unassignable.includes(row.status)) {
    throw new DartwingError('EQUIPMENT_STATE', { ref: row.id, state: row.status });
  }
  const custodian = await lockCustodian(scope.tx, row.organization, member.trim());
  if (custodian === undefined) {
    throw new DartwingError('ASSIGNEE_NOT_MEMBER', {
      person: member.slice(0, 254),
      organization: row.organization,
    });
  }
  return custodian.person === row.assigned_to ? row : moveCustody(scope, row, custodian.person);
}

async function moveCustody(scope: Scope, row: EquipmentRow, to: string | null): Promise<EquipmentRow> {
  const { tx, clock, principal, reason = null } = scope;
  const at = clock.now();
  const { organization, id: equipment, assigned_to: from_person } = row;
  await insertCustody(tx, {
    organization,
    equipment,
    from_person,
    to_person: to,
    at,
    by: principal.id,
    reason,
  });
  return updateEquipment(tx, row, { assigned_to: to }, at, principal.id);
}

async function changed(
  scope: Scope,
  action: 'create' | 'update' | 'assign' | 'unassign' | 'delete',
  old: EquipmentRow | null,
  current: EquipmentRow | null,
): Promise<EquipmentChange> {
  const before = old && equipmentDocument(old);
  const after = current && equipmentDocument(current);
  const { id, organization } = (current ?? old)!;
  const audit = await recordAct(
    scope,
    organization,
    `equipment.${action}`,
    { doctype: 'Equipment', name: id },
    { old: before, new: after },
  );
  const today = scope.clock.now().toISOString().slice(0, 10);
  return changeDocument(scope, {
    op: action === 'create' || action === 'delete' ? action : 'update',
    ref: `equipment/${id}`,
    before,
    after,
    audit,
    warnings: current ? overdue(current.maintenance_schedule, today) : [],
  });
}

function unchanged(scope: Scope, row: EquipmentRow): EquipmentChange {
  const document = equipmentDocument(row);
  return changeDocument(scope, {
    op: 'none',
    ref: `equipment/${row.id}`,
    before: document,
    after: document,
    audit: null,
  });
}

/** The table of serial numbers knows hashes only, so there is nobody to name. */
function refuseTakenSerial(error: unknown): never {
  if (duplicateConstraint(error) === 'equipment_serial_unique')
    throw new DartwingError('SERIAL_NUMBER_TAKEN');
  throw error;
}
