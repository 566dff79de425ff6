/** What a doctype definition may say; checked to the last key, so that no rule of it is silently left out. */
import { z } from 'zod';
import { actions } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';

export const fieldTypes = [
  'Data',
  'Text',
  'Select',
  'Int',
  'Float',
  'Check',
  'Date',
  'Datetime',
  'Time',
  'Email',
  'Phone',
  'Link',
  'Dynamic Link',
  'Attach',
  'Tags',
  'Table',
  'JSON',
] as const;

export type FieldType = (typeof fieldTypes)[number];

const fieldName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'is lower case letters, digits and _');
const doctypeName = z
  .string()
  .regex(/^[A-Z][A-Za-z0-9]*( [A-Z][A-Za-z0-9]*)*$/, 'is words that begin with a capital letter')
  .max(limits.nameCharsMax);

const column = {
  name: fieldName,
  label: z.string().max(limits.nameCharsMax).optional(),
  type: z.enum(fieldTypes),
  required: z.boolean().default(false),
  /** Values of a Select; the doctype of a Link; the field that names the doctype of a Dynamic Link. */
  options: z.union([z.array(z.string().min(1)).min(1), z.string().min(1)]).optional(),
  default: z.json().optional(),
  /** Smallest and largest number; longest text in characters. */
  min: z.number().optional(),
  max: z.number().optional(),
  /** Protected health information, personal data: kept out of logs, metrics and models. */
  phi: z.boolean().default(false),
  pii: z.boolean().default(false),
  /**
   * Sealed where it is kept: in documents, their versions and conflicts. Health information always is, but for links, by
   * which documents find each other. What is sealed is neither sorted nor searched by.
   */
  sealed: z.boolean().optional(),
  /** Of a sealed field: found by equality, by a keyed hash. Whoever reads the database sees which values are equal. */
  lookup: z.boolean().default(false),
  /** What whoever may only read it is shown: nothing of it, or its last four characters. */
  mask: z.enum(['all', 'last4']).optional(),
  /** When a form shows it, for clients. */
  depends_on: z.string().max(500).optional(),
};

const field = z.strictObject({
  ...column,
  /** Columns of a Table; each row also has a `name`. */
  fields: z.array(z.strictObject(column)).min(1).max(limits.doctypeFieldsMax).optional(),
});

export type Field = z.output<typeof field>;

const rule = z.strictObject({
  allow: z.array(z.enum(actions)).default([]),
  if_owner: z.array(z.enum(actions)).default([]),
  hidden: z.array(fieldName).default([]),
  read_only: z.array(fieldName).default([]),
});

const shape = z.strictObject({
  doctype: doctypeName,
  /** Grows when clients of the version before cannot read it any more. */
  version: z.int().min(1).default(1),
  module: z.string().min(1).default('core'),
  description: z.string().max(500).default(''),
  title_field: fieldName.optional(),
  /**
   * `client`: clients make the names, the server only when there is none. `series`: the server makes them.
   * `record`: it mirrors a table of another room, whose verbs write it; `writable` says that clients may send it.
   */
  naming: z.discriminatedUnion('rule', [
    z.strictObject({ rule: z.literal('client') }),
    z.strictObject({
      rule: z.literal('series'),
      prefix: z.string().regex(/^[A-Z]{2,12}$/),
      yearly: z.boolean().default(false),
    }),
    z.strictObject({ rule: z.literal('record'), writable: z.boolean().default(false) }),
  ]),
  /** Link to Person whose own the document is; whoever created it when empty or absent. */
  owner_field: fieldName.optional(),
  /**
   * Links to Person whose documents are about that person: they belong to what a person is given of their data, and go
   * when the person is erased.
   */
  subject: z.array(fieldName).max(8).default([]),
  fields: z.array(field).max(limits.doctypeFieldsMax),
  /** Rights of supervisors and of other members, unless a role template says otherwise. */
  permissions: z.strictObject({ supervisor: rule, member: rule }).partial().default({}),
  /** Conflict rules of the sync room. */
  conflicts: z.record(z.string(), z.json()).optional(),
  /** Fields by which it is looked up. */
  indexes: z.array(fieldName).max(limits.doctypeIndexesMax).default([]),
  retention: z
    .strictObject({
      /** Days for which a tombstone is kept. */
      tombstone_days: z
        .int()
        .min(limits.tombstoneDaysDefault)
        .max(36_500)
        .default(limits.tombstoneDaysDefault),
    })
    .default({ tombstone_days: limits.tombstoneDaysDefault }),
});

/** A definition with every default filled in. */
export type Definition = z.output<typeof shape>;
/** A definition as it is written. */
export type DefinitionInput = z.input<typeof shape>;

/** Reads a definition. @throws DOCTYPE_INVALID that names the place and what is wrong there */
export function parseDefinition(value: unknown, where: string): Definition {
  const read = shape.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw invalid(where, `${issue!.path.join('.') || 'the document'}: ${issue!.message}`);
  }
  const wrong = faultOf(read.data);
  if (wrong !== undefined) throw invalid(where, wrong);
  return read.data;
}

export function invalid(where: string, message: string): DartwingError {
  return new DartwingError('DOCTYPE_INVALID', { where, message });
}

/** What zod cannot say: fields that refer to each other. */
function faultOf(definition: Definition): string | undefined {
  const { fields, title_field, owner_field, indexes, permissions } = definition;
  const names = new Set(fields.map(({ name }) => name));
  if (names.size < fields.length) return 'a field is defined twice';
  const reserved = fields.find(({ name }) => standardFields.has(name));
  if (reserved) return `${reserved.name} is the name of a standard field`;
  for (const { name, type, options, mask, fields: columns } of fields) {
    if (type === 'Select' && !Array.isArray(options)) return `${name}: a Select lists its options`;
    if (type === 'Link' && typeof options !== 'string') return `${name}: a Link names its doctype in options`;
    if (type === 'Dynamic Link' && !(typeof options === 'string' && names.has(options)))
      return `${name}: a Dynamic Link names the field with the doctype in options`;
    if ((type === 'Table') !== (columns !== undefined)) return `${name}: a Table, and only one, has fields`;
    if (columns?.some((each) => each.type === 'Table' || each.type === 'Dynamic Link'))
      return `${name}: a row has no tables and no dynamic links`;
    if (columns?.some((each) => each.mask !== undefined) || (type === 'Table' && mask !== undefined))
      return `${name}: a table has no masks`;
    if (columns?.some((each) => each.name === 'name')) return `${name}: every row has a name by itself`;
  }
  const masks = Object.values(permissions).flatMap((each) => [
    ...(each?.hidden ?? []),
    ...(each?.read_only ?? []),
  ]);
  const wrongSeal = fields
    .flatMap((each) => [each, ...(each.fields ?? []).map((cell) => ({ ...cell, isCell: true }))])
    .map((each) => faultOfSeal(each, definition))
    .find((fault) => fault !== undefined);
  if (wrongSeal !== undefined) return wrongSeal;
  const unknown = [title_field, owner_field, ...indexes, ...masks].find(
    (name) => name !== undefined && !names.has(name),
  );
  if (unknown !== undefined) return `${unknown} is not a field`;
  const subjects = definition.subject.map((name) => fields.find((each) => each.name === name));
  if (subjects.some((each) => each?.type !== 'Link' || each.options !== 'Person'))
    return 'subject: names Links to Person';
  const owner = fields.find(({ name }) => name === owner_field);
  if (owner && !(owner.type === 'Link' && owner.options === 'Person'))
    return `${owner_field}: an owner is a Link to Person`;
  return undefined;
}

const linking: ReadonlySet<FieldType> = new Set(['Link', 'Dynamic Link', 'Attach']);
const unfindable: ReadonlySet<FieldType> = new Set(['Table', 'JSON', 'Tags', 'Text']);

/** Whether values of a field, or of a column, are sealed where they are kept. */
export function isSealedField(
  { type, phi, sealed = phi }: Pick<Field, 'type' | 'phi' | 'sealed'>,
  naming: Definition['naming'],
): boolean {
  // Records are written by the database itself, from tables that have columns of their own for what is secret.
  return sealed && !linking.has(type) && naming.rule !== 'record';
}

function faultOfSeal(
  field: Pick<Field, 'name' | 'type' | 'phi' | 'sealed' | 'lookup'> & { isCell?: boolean },
  { naming }: Definition,
): string | undefined {
  const { name, type, phi, sealed, lookup } = field;
  if (phi && sealed === false) return `${name}: health information is always sealed`;
  if (sealed === true && (linking.has(type) || naming.rule === 'record'))
    return `${name}: a link, or a field of a record, cannot be sealed`;
  if (lookup && (!isSealedField(field, naming) || unfindable.has(type) || field.isCell === true))
    return `${name}: lookup is for sealed fields with one short value`;
  return undefined;
}

/** Members that every document has besides its data. */
export const standardFields: ReadonlySet<string> = new Set([
  'name',
  'doctype',
  'organization',
  'owner',
  'creation',
  'modified',
  'modified_by',
  'created_by',
  'docstatus',
  'version',
  'deleted',
]);
