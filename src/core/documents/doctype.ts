/** A doctype ready for use: its definition with everything that can be worked out once. Pure. */
import { createHash } from 'node:crypto';
import type { FieldError } from '../errors.js';
import { nearest } from '../errors.js';
import { canonicalJson } from '../json.js';
import { limits } from '../limits.js';
import { type Definition, type Field, isSealedField } from './definition.js';
import { readRows, readValue } from './values.js';

/** A document that another one refers to. */
export interface LinkTo {
  /** Where it stands, for errors. */
  path: string;
  doctype: string;
  name: string;
  /** A file that has to be there before it is named. */
  isFile: boolean;
}

export type Data = Readonly<Record<string, unknown>>;

export interface Doctype {
  readonly name: string;
  readonly definition: Definition;
  readonly fields: ReadonlyMap<string, Field>;
  /** Fingerprint of the definition. */
  readonly fingerprint: string;
  /** Whether its documents refer to others at all. */
  readonly hasLinks: boolean;
  readonly isRecord: boolean;
  /** Whether clients write it: every doctype but records whose room takes nothing from them. */
  readonly isWritable: boolean;
  readonly isPhi: boolean;
  /** Fields with health information; columns of tables as `table.column`. */
  readonly phiFields: readonly string[];
  /** Fields that are sealed where they are kept; of tables, with their columns. */
  readonly sealedPaths: readonly (readonly [field: string, column?: string])[];
  /** Sealed fields that are found by equality. */
  readonly lookups: readonly string[];
  readonly masks: ReadonlyMap<string, 'all' | 'last4'>;
  /** The whole data of a new document, null where nothing was given. Adds to `wrong` what cannot be taken. */
  readNew(data: Data, wrong: FieldError[]): Record<string, unknown>;
  /** The fields of a change, as they are kept. */
  readChanges(data: Data, wrong: FieldError[]): Record<string, unknown>;
  /** Canonical JSON of what `readNew` and `readChanges` gave. */
  textOf(data: Data): string;
  /** What some data refer to. */
  linksOf(data: Data): LinkTo[];
}

export function compileDoctype(definition: Definition): Doctype {
  const fields = new Map(definition.fields.map((field) => [field.name, field]));
  // Data are made with their keys in the order of canonical JSON. Without tables and free fields, which have keys of
  // their own, the engine's encoder then gives the same text in a fraction of the time.
  const inOrder = [...definition.fields].sort((a, b) => (a.name < b.name ? -1 : 1));
  const isFlat = definition.fields.every(({ type }) => type !== 'Table' && type !== 'JSON');
  const read = (field: Field, value: unknown, wrong: FieldError[]): unknown => {
    if (field.type === 'Table') return readRows(value, field, wrong);
    const result = readValue(value, field);
    if ('value' in result) return result.value;
    wrong.push({ path: field.name, message: result.wrong });
    return null;
  };
  const refuseUnknown = (data: Data, wrong: FieldError[]) => {
    for (const key of Object.keys(data)) {
      if (fields.has(key)) continue;
      const near = nearest(key, fields.keys());
      wrong.push({
        path: key.slice(0, 80),
        message: `is not a field${near ? `, did you mean ${near}?` : ''}`,
      });
    }
  };
  const phiFields = definition.fields.flatMap(({ name, phi, fields: columns = [] }) => [
    ...(phi ? [name] : []),
    ...columns.filter((column) => column.phi).map((column) => `${name}.${column.name}`),
  ]);
  const { naming } = definition;
  const sealedPaths = definition.fields.flatMap((field): [string, string?][] => [
    ...(isSealedField(field, naming) ? [[field.name] as [string]] : []),
    ...(isSealedField(field, naming) ? [] : (field.fields ?? []))
      .filter((column) => isSealedField(column, naming))
      .map((column): [string, string] => [field.name, column.name]),
  ]);
  return Object.freeze({
    name: definition.doctype,
    definition,
    fields,
    fingerprint: createHash('sha256')
      .update(canonicalJson(JSON.parse(JSON.stringify(definition))))
      .digest('hex')
      .slice(0, 16),
    hasLinks: definition.fields.some((field) => [field, ...(field.fields ?? [])].some(refers)),
    isRecord: definition.naming.rule === 'record',
    isWritable: definition.naming.rule !== 'record' || definition.naming.writable,
    isPhi: phiFields.length > 0,
    phiFields,
    sealedPaths,
    lookups: definition.fields.filter(({ lookup }) => lookup).map(({ name }) => name),
    masks: new Map(
      definition.fields.flatMap(({ name, mask }) => (mask === undefined ? [] : [[name, mask] as const])),
    ),
    readNew: (data, wrong) => {
      refuseUnknown(data, wrong);
      const document: Record<string, unknown> = {};
      for (const field of inOrder) {
        const given = Object.hasOwn(data, field.name) ? data[field.name] : undefined;
        document[field.name] = read(field, given ?? field.default, wrong);
      }
      return document;
    },
    readChanges: (data, wrong) => {
      refuseUnknown(data, wrong);
      const changes: Record<string, unknown> = {};
      for (const field of inOrder)
        if (Object.hasOwn(data, field.name)) changes[field.name] = read(field, data[field.name], wrong);
      return changes;
    },
    textOf: isFlat ? (data) => JSON.stringify(data) : canonicalJson,
    linksOf: (data) => linksOf(definition.fields, data),
  } satisfies Doctype);
}

/** Whether a document fits; its bytes are those of its JSON. */
export function refuseTooLarge(text: string, wrong: FieldError[]): void {
  if (text.length > limits.documentBytesMax)
    wrong.push({ path: 'data', message: `has more than ${limits.documentBytesMax} bytes` });
}

function refers({ type }: Pick<Field, 'type'>): boolean {
  return type === 'Link' || type === 'Dynamic Link' || type === 'Attach';
}

function linksOf(fields: readonly Field[], data: Data, prefix = ''): LinkTo[] {
  const links: LinkTo[] = [];
  for (const field of fields) {
    const value = data[field.name];
    if (value === null || value === undefined) continue;
    const path = `${prefix}${field.name}`;
    if (field.type === 'Table') {
      const columns = (field.fields ?? []) as readonly Field[];
      for (const [index, row] of (value as Data[]).entries())
        links.push(...linksOf(columns, row, `${path}.${index}.`));
    } else if (refers(field)) {
      const doctype = targetOf(field, data);
      if (doctype !== undefined)
        links.push({ path, doctype, name: value as string, isFile: field.type === 'Attach' });
    }
  }
  return links;
}

function targetOf({ type, options }: Field, data: Data): string | undefined {
  if (type === 'Attach') return 'File';
  if (type === 'Link') return options as string;
  const named = data[options as string];
  return typeof named === 'string' ? named : undefined;
}
