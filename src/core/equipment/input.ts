/** What users give about equipment: parsed once, at the door. */
import { z } from 'zod';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';

export const equipmentTypes = ['Vehicle', 'Electronics', 'Furniture', 'Machinery', 'Tools', 'Other'] as const;
export const equipmentStates = ['active', 'in_repair', 'retired', 'lost', 'stolen'] as const;
export const documentTypes = ['Manual', 'Warranty', 'Receipt', 'Inspection Report', 'Other'] as const;
export const frequencies = ['Daily', 'Weekly', 'Monthly', 'Quarterly', 'Yearly'] as const;

const line = z.string().trim().min(1, 'must not be blank').max(limits.nameCharsMax);

/** Blank means none: forms send empty texts. */
const optional = z
  .string()
  .trim()
  .max(limits.nameCharsMax)
  .transform((text) => text || null)
  .nullable();

const fields = {
  equipment_name: line,
  equipment_type: z.enum(equipmentTypes).nullable(),
  serial_number: optional,
  status: z.enum(equipmentStates),
  current_location: optional,
  documents: z
    .array(z.strictObject({ document_type: z.enum(documentTypes), file: z.string().trim().min(1).max(500) }))
    .max(limits.equipmentRowsMax),
  maintenance_schedule: z
    .array(
      z.strictObject({
        task: line,
        frequency: z.enum(frequencies),
        next_due: z.iso.date().nullable().default(null),
      }),
    )
    .max(limits.equipmentRowsMax),
};

const creation = z.strictObject({
  ...fields,
  equipment_type: fields.equipment_type.default(null),
  serial_number: fields.serial_number.default(null),
  status: fields.status.default('active'),
  current_location: fields.current_location.default(null),
  documents: fields.documents.default([]),
  maintenance_schedule: fields.maintenance_schedule.default([]),
});

const changes = z.strictObject(fields).partial();

/** Fields of a new piece; only the name is required. */
export type EquipmentInput = z.input<typeof creation> & {
  /** Address of the member who gets it at once. */
  assigned_to?: string | undefined;
};
/** Fields to set; absent ones stay. Its member is changed by assigning. */
export type EquipmentChanges = z.input<typeof changes>;
export type EquipmentFields = z.output<typeof creation>;

/** @throws VALIDATION_ERROR with every wrong field */
export function parseEquipment({ assigned_to: _, ...input }: EquipmentInput): EquipmentFields {
  return parse(creation, input);
}

/** @throws EQUIPMENT_OWNER_IMMUTABLE, VALIDATION_ERROR with every wrong field */
export function parseEquipmentChanges(input: EquipmentChanges): Partial<EquipmentFields> {
  if ('owner_organization' in input || 'organization' in input)
    throw new DartwingError('EQUIPMENT_OWNER_IMMUTABLE');
  const parsed = parse(changes, input);
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
}

/** Maintenance that should have been done by `today`: worth a warning, no error. */
export function overdue(schedule: EquipmentFields['maintenance_schedule'], today: string): readonly string[] {
  return schedule
    .filter(({ next_due }) => next_due !== null && next_due < today)
    .map(({ task, next_due }) => `Maintenance "${task}" was due on ${next_due}`);
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const wrong = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const [first] = wrong;
  throw new DartwingError(
    'VALIDATION_ERROR',
    {
      message: first?.path ? `${first.path}: ${first.message}` : (first?.message ?? 'The input is not valid'),
    },
    { fields: wrong },
  );
}
