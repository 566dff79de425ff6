/**
 * Declared indexes: the fields by which documents of a doctype are looked up. Each has a key, a column beside the data with
 * an index, which the database fills whoever writes (migration 34). A field that is declared on documents that are there
 * already is used by lists when all of them have been filled.
 */
import type { Tx } from '../db/index.js';
import type { Doctype } from './doctype.js';
import {
  declareIndexes,
  fillKeys,
  findIndexes,
  findReady,
  markReady,
  pageOrganizations,
} from './index-queries.js';
import type { Registry } from './registry.js';

/** What building did. */
export interface IndexRun {
  /** Fields that lists now find by their key: `Doctype.field`. */
  built: string[];
  /** Declared fields for which a doctype has no key left. */
  left: string[];
}

/** Runs something in a transaction that sees every organization. */
export type Transaction = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;

/** Documents that are filled in one transaction, and organizations that are listed at once. */
const fillBatchMax = 1_000;
const organizationsMax = 500;

/** Types of which a key says everything: one value, short, and equal texts are equal values. */
const keyed: ReadonlySet<string> = new Set([
  'Data',
  'Select',
  'Int',
  'Check',
  'Date',
  'Datetime',
  'Time',
  'Email',
  'Phone',
  'Link',
  'Dynamic Link',
  'Attach',
]);

/** Declared fields that can have a key: what is sealed is found by its lookup, and records lie in tables of their own. */
export function keyedFields({ definition, fields, sealedPaths, isRecord }: Doctype): string[] {
  if (isRecord) return [];
  const sealed = new Set(sealedPaths.map(([field]) => field));
  return definition.indexes.filter((name) => !sealed.has(name) && keyed.has(fields.get(name)!.type));
}

/** Builds what is declared and not there, one doctype after another. Safe to run again and in several processes at once. */
export async function buildIndexes(transaction: Transaction, registry: Registry): Promise<IndexRun> {
  const run: IndexRun = { built: [], left: [] };
  for (const doctype of registry.all()) {
    const fields = keyedFields(doctype);
    if (fields.length === 0) continue;
    const rows = await transaction((tx) => declareIndexes(tx, doctype.name, fields));
    const known = new Set(rows.map(({ field }) => field));
    run.left.push(...fields.filter((field) => !known.has(field)).map((field) => `${doctype.name}.${field}`));
    const fresh = rows.filter(({ ready }) => !ready).map(({ field }) => field);
    if (fresh.length === 0) continue;
    await fillAll(transaction, doctype.name);
    await transaction((tx) => markReady(tx, doctype.name, fresh));
    run.built.push(...fresh.map((field) => `${doctype.name}.${field}`));
  }
  return run;
}

async function fillAll(transaction: Transaction, doctype: string): Promise<void> {
  for (let last = ''; ; ) {
    const organizations = await transaction((tx) => pageOrganizations(tx, last, organizationsMax));
    for (const organization of organizations) await fillOne(transaction, organization, doctype);
    if (organizations.length < organizationsMax) return;
    last = organizations.at(-1)!;
  }
}

async function fillOne(transaction: Transaction, organization: string, doctype: string): Promise<void> {
  let next: string | undefined = '';
  while (next !== undefined) {
    const after: string = next;
    next = await transaction((tx) => fillKeys(tx, { organization, doctype, after }, fillBatchMax));
  }
}

/** Declared fields that lists cannot find by a key: `Doctype.field`. */
export async function unbuiltIndexes(tx: Tx, registry: Registry): Promise<string[]> {
  const ready = await findReady(tx);
  const declared = registry
    .all()
    .flatMap((doctype) => keyedFields(doctype).map((field) => `${doctype.name}.${field}`));
  return declared.filter((name) => !ready.has(name));
}

/** Which key a field has, for those that are ready. What was once ready stays so, and is not asked for again. */
export class Keys {
  readonly #known = new Map<string, ReadonlyMap<string, number>>();

  async of(tx: Tx, doctype: Doctype): Promise<ReadonlyMap<string, number>> {
    const fields = keyedFields(doctype);
    const known = this.#known.get(doctype.fingerprint);
    if (known !== undefined || fields.length === 0) return known ?? none;
    const rows = (await findIndexes(tx, doctype.name)).filter(
      ({ field, ready }) => ready && fields.includes(field),
    );
    const slots = new Map(rows.map(({ field, slot }) => [field, slot]));
    if (slots.size === fields.length) this.#known.set(doctype.fingerprint, slots);
    return slots;
  }
}

const none: ReadonlyMap<string, number> = new Map();
