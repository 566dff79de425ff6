/** The room as callers see it: each verb in a transaction of its own, bound to its organization. */
import type { CallOptions, Change, Scope, Session } from '../access/index.js';
import type { CustodyEntry, EquipmentDocument, EquipmentList } from './document.js';
import {
  assignEquipment,
  changeEquipment,
  createEquipment,
  removeEquipment,
  unassignEquipment,
} from './equipment.js';
import type { EquipmentChanges, EquipmentInput } from './input.js';
import type { Custodian } from './queries.js';
import {
  type ListEquipmentInput,
  listCustodians,
  listEquipment,
  listEquipmentOfPerson,
  showEquipment,
} from './show.js';

type EquipmentChange = Promise<Change<EquipmentDocument>>;

/** Equipment of organizations (by id or slug). */
export interface Equipment {
  create(organization: string, input: EquipmentInput, call?: CallOptions): EquipmentChange;
  update(
    organization: string,
    id: string,
    changes: EquipmentChanges,
    call?: CallOptions & { ifVersion?: number | undefined },
  ): EquipmentChange;
  /** Hands a piece to an active member, by address or id. */
  assign(organization: string, id: string, member: string, call?: CallOptions): EquipmentChange;
  unassign(organization: string, id: string, call?: CallOptions): EquipmentChange;
  show(
    organization: string,
    id: string,
    call?: CallOptions,
  ): Promise<EquipmentDocument & { custody: CustodyEntry[] }>;
  list(organization: string, input?: ListEquipmentInput, call?: CallOptions): Promise<EquipmentList>;
  /** What a person has (address or id). A caller who is a person sees their own organizations only. */
  listByPerson(person: string, call?: CallOptions): Promise<EquipmentList>;
  /** Members to whom equipment can be assigned. */
  custodians(organization: string, call?: CallOptions): Promise<Custodian[]>;
  delete(organization: string, id: string, call?: CallOptions): EquipmentChange;
}

/** @param idOf the id of an organization that a caller names by id or slug */
export function equipmentVerbs(
  session: Session,
  idOf: (ref: string, call?: CallOptions) => Promise<string>,
): Equipment {
  const look = async <T>(
    ref: string,
    call: CallOptions | undefined,
    work: (scope: Scope) => Promise<T>,
  ): Promise<T> => session.runIn(await idOf(ref, call), call, work, { leavesNothing: true });
  const change = async <T>(
    purpose: string,
    ref: string,
    call: CallOptions | undefined,
    request: object,
    work: (scope: Scope) => Promise<T>,
  ): Promise<T> =>
    session.runIn(await idOf(ref, call), call, work, { leavesNothing: true }, { purpose, request });
  return {
    create: (ref, input, call) =>
      change('equipment create', ref, call, { input }, (scope) => createEquipment(scope, input)),
    update: (ref, id, changes, { ifVersion, ...call } = {}) =>
      change('equipment update', ref, call, { id, changes, ifVersion: ifVersion ?? null }, (scope) =>
        changeEquipment(scope, id, changes, ifVersion),
      ),
    assign: (ref, id, member, call) =>
      change('equipment assign', ref, call, { id, member }, (scope) => assignEquipment(scope, id, member)),
    unassign: (ref, id, call) =>
      change('equipment unassign', ref, call, { id }, (scope) => unassignEquipment(scope, id)),
    show: (ref, id, call) => look(ref, call, (scope) => showEquipment(scope, id)),
    list: (ref, input, call) => look(ref, call, (scope) => listEquipment(scope, input)),
    listByPerson: (person, call) =>
      session.run('equipment of a person', call, (scope) => listEquipmentOfPerson(scope, person)),
    custodians: (ref, call) => look(ref, call, listCustodians),
    delete: (ref, id, call) =>
      change('equipment delete', ref, call, { id }, (scope) => removeEquipment(scope, id)),
  };
}
