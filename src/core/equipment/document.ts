/** How equipment looks outside. Pure. */
import type { CustodyRow, EquipmentRow } from './queries.js';

/** The document `Equipment`. */
export interface EquipmentDocument {
  api_version: 'dartwing/v1';
  kind: 'Equipment';
  id: string;
  owner_organization: string;
  equipment_name: string;
  equipment_type: EquipmentRow['equipment_type'];
  serial_number: string | null;
  current_location: string | null;
  assigned_to: string | null;
  documents: EquipmentRow['documents'];
  maintenance_schedule: EquipmentRow['maintenance_schedule'];
  version: number;
  created_at: string;
  modified_at: string;
  status: { state: EquipmentRow['status'] };
}

/** A page of equipment. */
export interface EquipmentList {
  api_version: 'dartwing/v1';
  kind: 'EquipmentList';
  items: EquipmentDocument[];
  total_count: number;
  limit: number;
  offset: number;
}

/** One handing over; null stands for the organization itself. */
export interface CustodyEntry {
  from: string | null;
  to: string | null;
  at: string;
  by: string;
  reason: string | null;
}

export function equipmentDocument(row: EquipmentRow): EquipmentDocument {
  return {
    api_version: 'dartwing/v1',
    kind: 'Equipment',
    id: row.id,
    owner_organization: row.organization,
    equipment_name: row.equipment_name,
    equipment_type: row.equipment_type,
    serial_number: row.serial_number,
    current_location: row.current_location,
    assigned_to: row.assigned_to,
    documents: row.documents,
    maintenance_schedule: row.maintenance_schedule,
    version: row.version,
    created_at: row.created_at.toISOString(),
    modified_at: row.modified_at.toISOString(),
    status: { state: row.status },
  };
}

export function custodyEntry({ from_person, to_person, at, by, reason }: CustodyRow): CustodyEntry {
  return { from: from_person, to: to_person, at: at.toISOString(), by, reason };
}
