/** What organizations own. */
import { z } from 'zod';
import { document, list, row, time } from './base.js';

const equipment = {
  id: z.string().describe('EQ-00001'),
  owner_organization: z.string(),
  equipment_name: z.string(),
  equipment_type: z.string().nullable(),
  serial_number: z.string().nullable(),
  current_location: z.string().nullable(),
  assigned_to: z.string().nullable().describe('id of the person'),
  documents: z.array(z.looseObject({ document_type: z.string(), file: z.string() })),
  maintenance_schedule: z.array(
    z.looseObject({ task: z.string(), frequency: z.string(), next_due: z.iso.date().nullable() }),
  ),
  version: z.int(),
  created_at: time,
  modified_at: time,
  custody: z
    .array(
      z.looseObject({ from: z.string().nullable(), to: z.string().nullable(), at: time, by: z.string() }),
    )
    .optional(),
  status: z.looseObject({ state: z.enum(['active', 'in_repair', 'retired', 'lost', 'stolen']) }),
};

const custodian = { person: z.string(), email: z.string(), name: z.string(), role: z.string() };

export const owned = {
  Equipment: document('Equipment', equipment),
  EquipmentList: list('EquipmentList', row(equipment)),
  CustodianList: list('CustodianList', row(custodian)),
};
