/**
 * Equipment: what an organization owns, and who has it.
 *
 * A piece belongs to the organization it was created in, for ever. Only an active member can have it, and nobody who
 * is a guest, and not while it is lost, stolen or retired. Each handing over, the first included, is a row of the
 * custody trail besides its audit entry. Serial numbers are unique among all organizations; who has the other one is
 * not told. As long as equipment depends on them, a member cannot leave and an organization cannot be purged.
 *
 * Every verb runs bound to its organization, so row-level security decides what exists for it; `listByPerson` sees the
 * organizations of the caller. Limits: 200 documents and 200 maintenance lines each, lists 500 a page. Audit:
 * equipment.create, update, assign, unassign, delete.
 */

export { moveEquipment, refuseEnd, refuseLeaving } from './dependents.js';
export type { CustodyEntry, EquipmentDocument, EquipmentList } from './document.js';
export type { EquipmentChanges, EquipmentInput } from './input.js';
export { equipmentRecords } from './records.js';
export { type Equipment, equipmentVerbs } from './room.js';
