/** Reading equipment. */
import { authorize, isAuthorized, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import {
  type CustodyEntry,
  custodyEntry,
  type EquipmentDocument,
  type EquipmentList,
  equipmentDocument,
} from './document.js';
import { equipmentStates } from './input.js';
import {
  type Custodian,
  findCustodians,
  findEquipment,
  findEquipmentOfPerson,
  finishWithCustody,
  pageEquipment,
} from './queries.js';

export interface ListEquipmentInput {
  status?: string | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

/** One piece with its custody trail, oldest first. @throws EQUIPMENT_NOT_FOUND */
export async function showEquipment(
  scope: Scope,
  id: string,
): Promise<EquipmentDocument & { custody: CustodyEntry[] }> {
  const organization = scope.tx.organization!;
  authorize(scope, 'read', { doctype: 'Equipment', name: id, organization });
  const [row, custody] = await Promise.all([
    findEquipment(scope.tx, organization, id),
    finishWithCustody(scope.tx, organization, id),
  ]);
  if (row === undefined)
    throw new DartwingError('EQUIPMENT_NOT_FOUND', { ref: id.slice(0, 80), organization });
  return { ...equipmentDocument(row), custody: custody.map(custodyEntry) };
}

/** A page of the organization's equipment, by id. @throws VALIDATION_ERROR for an unknown status or a wrong page */
export async function listEquipment(scope: Scope, input: ListEquipmentInput = {}): Promise<EquipmentList> {
  const organization = scope.tx.organization!;
  authorize(scope, 'read', { doctype: 'Equipment', name: '*', organization });
  const { status = null, limit = limits.pageDefault, offset = 0 } = input;
  if (status !== null && !equipmentStates.some((known) => known === status))
    throw invalid(`status "${status}" is not one of ${equipmentStates.join(', ')}`);
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.pageMax)
    throw invalid(`limit is a whole number from 1 to ${limits.pageMax}`);
  if (!Number.isInteger(offset) || offset < 0) throw invalid('offset is a whole number from 0');
  const { rows, total } = await pageEquipment(scope.tx, { organization, status, limit, offset });
  return page(rows.map(equipmentDocument), total, limit, offset);
}

/** What a person has, in the organizations that the caller may look into; at most one page. */
export async function listEquipmentOfPerson(scope: Scope, person: string): Promise<EquipmentList> {
  const { access } = scope;
  // The predicate keeps other organizations out of the page; the check of each row asks what the role may see.
  const reach = access === undefined || access.everywhere ? null : [...access.organizations.keys()];
  const found = await findEquipmentOfPerson(scope.tx, person.trim(), reach, limits.pageMax);
  const rows = found.filter(({ id: name, organization }) =>
    isAuthorized(scope, 'read', { doctype: 'Equipment', name, organization }),
  );
  return page(rows.map(equipmentDocument), rows.length, limits.pageMax, 0);
}

/** Members to whom equipment can be assigned, by name. */
export async function listCustodians(scope: Scope): Promise<Custodian[]> {
  const organization = scope.tx.organization!;
  authorize(scope, 'read', { doctype: 'Org Member', name: '*', organization });
  return findCustodians(scope.tx, organization);
}

function page(items: EquipmentDocument[], total: number, limit: number, offset: number): EquipmentList {
  return { api_version: 'dartwing/v1', kind: 'EquipmentList', items, total_count: total, limit, offset };
}

function invalid(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
