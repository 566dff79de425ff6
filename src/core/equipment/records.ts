/** Writing equipment as documents: what offline clients did goes through the verbs of this room, and no way around them. */
import type { Scope } from '../access/index.js';
import {
  assignEquipment,
  changeEquipment,
  createEquipment,
  removeEquipment,
  unassignEquipment,
} from './equipment.js';
import type { EquipmentChanges, EquipmentInput } from './input.js';
import { lockEquipment } from './queries.js';

type Data = Readonly<Record<string, unknown>>;

/** Verbs by which the sync room writes documents of the doctype Equipment. */
export const equipmentRecords = {
  /** Holds a piece before its document is looked at. */
  lock: async ({ tx }: Scope, id: string): Promise<void> => {
    await lockEquipment(tx, tx.organization!, id);
  },
  /** @returns the id @throws as `createEquipment` */
  create: async (scope: Scope, data: Data): Promise<string> => {
    const given = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null));
    return (await createEquipment(scope, given as EquipmentInput)).after!.id;
  },
  /** @throws as `changeEquipment`, `assignEquipment` */
  change: async (scope: Scope, id: string, { assigned_to: member, ...fields }: Data): Promise<void> => {
    // Whoever loses it first, may lose it: it can be handed over, then called lost, and not the other way round.
    if (typeof member === 'string') await assignEquipment(scope, id, member);
    if (member === null) await unassignEquipment(scope, id);
    const lists = ['documents', 'maintenance_schedule'];
    const changes = Object.entries(fields).map(([name, value]) => [
      name,
      lists.includes(name) ? (value ?? []) : value,
    ]);
    if (changes.length > 0) await changeEquipment(scope, id, Object.fromEntries(changes) as EquipmentChanges);
  },
  /** @throws as `removeEquipment` */
  remove: async (scope: Scope, id: string): Promise<void> => {
    await removeEquipment(scope, id);
  },
};
