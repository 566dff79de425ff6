/** Schemas of concrete records, made from the tables of `concrete.ts`. */
import { z } from 'zod';
import { limits } from '../limits.js';
import { type ChildTable, concreteTypes, type FieldKind, type OrganizationType } from './concrete.js';
import { storableText } from './text.js';

const title = storableText.min(1).max(limits.nameCharsMax);

const kinds = {
  title,
  text: title.nullable(),
  long_text: storableText.max(5_000).nullable(),
  /** PostgreSQL's calendar begins with the year 1. */
  date: z.iso
    .date()
    .refine((day) => !day.startsWith('0000'), 'has no year 0')
    .nullable(),
  cents: z.int().nonnegative().nullable(),
  signed_cents: z.int().nullable(),
  percent: z.number().min(0, 'must be 0 or more').max(100, 'must be 100 or less').nullable(),
  minutes: z.int32().nonnegative().nullable(),
  boolean: z.boolean(),
  person: z.string().min(1),
};

function fieldSchema(kind: FieldKind): z.ZodType {
  if (typeof kind === 'string') return kinds[kind];
  return 'required' in kind ? z.enum(kind.required) : z.enum(kind).nullable();
}

/** Schema of a concrete part as a user writes it: every field optional, no others. */
export function concreteSchema(type: OrganizationType) {
  const { fields, children } = concreteTypes[type];
  const shape: Record<string, z.ZodType> = {};
  for (const [name, kind] of Object.entries(fields)) shape[name] = fieldSchema(kind).optional();
  for (const child of children) shape[child.key] = z.array(childSchema(child)).max(limits.pageMax).optional();
  return z.strictObject(shape);
}

function childSchema({ fields }: ChildTable) {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, kind] of Object.entries(fields)) {
    const schema = fieldSchema(kind);
    shape[name] = kind === 'title' || kind === 'person' ? schema : schema.optional();
  }
  return z
    .strictObject(shape)
    .refine(({ start_date: start, end_date: end }) => !(start && end) || String(end) >= String(start), {
      message: 'end_date is before start_date',
      path: ['end_date'],
    });
}
