/**
 * What of a document somebody is shown, on every way out: lists, single documents, versions, answers to changes, the
 * feed, pushes, conflicts. Hidden fields are left out, masked ones are shortened, and whoever sees health information
 * leaves an entry in the trail, in the transaction of the read: if it cannot be written, nothing is read.
 */
import { createHash } from 'node:crypto';
import { type Reach, reaches, reachIn, type Scope } from '../access/index.js';
import { stageAuditMany } from '../audit/index.js';
import { limits } from '../limits.js';
import type { Data, Doctype } from './doctype.js';
import { without } from './document.js';
import { requireProvable } from './guard.js';
import type { Registry } from './registry.js';

/** A document, or a version of one, before it is shown. */
export interface Shown {
  name: string;
  owner: string | null;
  data: Data;
}

/**
 * The fields of a document as the caller of the scope sees them. Whoever may write a masked field sees it whole, or a
 * form would write the mask back. A rehearsal shows no health information: its entry would be rolled back.
 */
export function project(scope: Scope, doctype: Doctype, { hidden }: Reach, document: Shown): Data {
  const { masks, phiFields } = doctype;
  const visible = without(document.data, hidden);
  const withheld = scope.dryRun === true && phiFields.length > 0;
  if (masks.size === 0 && !withheld) return visible;
  const write = reachIn(scope, 'write', doctype.name);
  const mayWrite = reaches(write, document);
  const shown: Record<string, unknown> = { ...visible };
  for (const [field, mask] of masks)
    if (field in shown && !(mayWrite && !write.readOnly.has(field)))
      shown[field] = masked(shown[field], mask);
  if (withheld)
    for (const field of phiFields.map((path) => path.split('.')[0]!)) if (field in shown) shown[field] = null;
  return shown;
}

/** Fields of which the caller may not see every value: to find by them would tell it. */
export function unsearchable(scope: Scope, doctype: Doctype): ReadonlySet<string> {
  if (doctype.masks.size === 0) return new Set();
  const { whole, readOnly } = reachIn(scope, 'write', doctype.name);
  return new Set([...doctype.masks.keys()].filter((field) => !whole || readOnly.has(field)));
}

function masked(value: unknown, mask: 'all' | 'last4'): unknown {
  if (value === null || value === undefined) return null;
  const text = String(value);
  const kept = mask === 'last4' && text.length > 4 ? text.slice(-4) : '';
  return `••••${kept}`;
}

/** Something that is about to be shown. */
export interface Seen {
  doctype: string;
  name: string;
  /** As it is shown; null for what is gone. */
  data: Data | null;
}

/**
 * Writes down who saw which fields with health information: an entry for each document, and one for the rest of a long
 * list. Documents without any cost nothing.
 * @throws CONTROL_FAILED
 */
export async function recordReads(
  scope: Scope,
  registry: Registry,
  seen: readonly Seen[],
  /** Whose documents they are, where the transaction is bound to no organization. */
  organization?: string,
): Promise<void> {
  if (scope.dryRun === true) return;
  const reads = new Map<string, { doctype: string; name: string; fields: Set<string> }>();
  for (const { doctype, name, data } of seen) {
    const fields = data === null ? [] : phiIn(registry.find(doctype), data);
    if (fields.length === 0) continue;
    const key = `${doctype}\0${name}`;
    const read = reads.get(key) ?? { doctype, name, fields: new Set<string>() };
    for (const field of fields) read.fields.add(field);
    reads.set(key, read);
  }
  if (reads.size === 0) return;
  const all = [...reads.values()];
  const { principal, via, requestId, reason, tx } = scope;
  const place = organization === undefined ? {} : { organization };
  const common = { ...place, action: 'phi.read', actor: principal, via, reason, requestId, isPhi: true };
  const single = all.slice(0, limits.phiReadsMax);
  const rest = all.slice(limits.phiReadsMax);
  const entries = single.map(({ doctype, name, fields }) => ({
    ...common,
    ref: { doctype, name },
    fields: [...fields].sort(),
  }));
  await Promise.all([
    requireProvable(scope, organization ?? tx.organization!),
    stageAuditMany(tx, rest.length === 0 ? entries : [...entries, { ...common, ...digestOf(rest) }]),
  ]);
}

/** Fields with health information that hold something. */
function phiIn(doctype: Doctype | undefined, data: Data): string[] {
  return (doctype?.phiFields ?? []).filter((path) => {
    const [field, column] = path.split('.') as [string, string?];
    const value = data[field];
    if (column === undefined) return value !== null && value !== undefined;
    return (
      Array.isArray(value) && value.some((row: Data) => row[column] !== null && row[column] !== undefined)
    );
  });
}

function digestOf(reads: readonly { doctype: string; name: string; fields: ReadonlySet<string> }[]) {
  const names = reads.map(({ doctype, name }) => `${doctype}/${name}`).sort();
  const fields = new Set(reads.flatMap((read) => [...read.fields]));
  return {
    ref: { doctype: reads[0]!.doctype, name: '*' },
    fields: [...fields].sort(),
    new: {
      documents: names.length,
      sha256: createHash('sha256').update(names.join('\n')).digest('hex'),
    },
  };
}
