/** Conflicts hold documents, and with them what is sealed of those. */
import type { Tx } from '../db/index.js';
import { type Data, type Kept, opened, type Registry } from '../documents/index.js';
import type { ConflictRow } from './conflict-queries.js';

/** The parts of a conflict in which values of its document stand. */
export interface Sides {
  doctype: string;
  name: string;
  base?: unknown;
  server?: unknown;
  client?: unknown;
  resolution?: unknown;
  decisions?: unknown;
}

type Change = (all: readonly Kept[]) => Promise<(Data | null)[]>;

const sides = ['base', 'server', 'client', 'resolution'] as const;
const values = ['base', 'server', 'client', 'value'] as const;

/** Conflicts as they are to be kept. */
export function sealConflicts<T extends Sides>(
  tx: Tx,
  { find, vault }: Registry,
  organization: string,
  rows: readonly T[],
): Promise<T[]> {
  return changeSides(rows, find, (all) => vault.seal(tx, organization, all));
}

/** Conflicts as they were. @throws SEAL_BROKEN, KEY_NOT_FOUND, KEY_DESTROYED */
export async function openConflicts(
  tx: Tx,
  { find, vault }: Registry,
  rows: readonly ConflictRow[],
): Promise<ConflictRow[]> {
  const organization = tx.organization!;
  const known = await changeSides(rows, find, (all) => vault.open(tx, organization, all));
  const proposed = known.map(({ doctype, name, proposal }) => ({
    doctype,
    name,
    data: (proposal?.value ?? null) as Data | null,
  }));
  const proposals = await vault.open(tx, organization, proposed);
  return known.map((row, index) =>
    row.proposal === null ? row : { ...row, proposal: { ...row.proposal, value: proposals[index] } },
  );
}

/** Rows of a table as an export gives them away. */
export async function openExported(
  tx: Tx,
  registry: Registry,
  table: string,
  rows: Record<string, unknown>[],
): Promise<Record<string, unknown>[]> {
  if (table === 'sync_conflict') return [...(await openConflicts(tx, registry, rows as never))] as never;
  if (table === 'document' || table === 'document_change')
    return opened(tx, registry, tx.organization!, rows as never);
  return rows;
}

async function changeSides<T extends Sides>(
  rows: readonly T[],
  find: Registry['find'],
  change: Change,
): Promise<T[]> {
  const places: { at: Record<string, unknown>; member: string; field: string | undefined }[] = [];
  const parts: Kept[] = [];
  const copies = rows.map((row) => {
    if ((find(row.doctype)?.sealedPaths.length ?? 0) === 0) return row;
    const { doctype, name } = row;
    const take = (at: Record<string, unknown>, member: string, field?: string) => {
      const value = at[member];
      if (value === null || value === undefined) return;
      places.push({ at, member, field });
      parts.push({ doctype, name, data: field === undefined ? (value as Data) : { [field]: value } });
    };
    const copy = { ...row } as Record<string, unknown> & Sides;
    for (const side of sides) take(copy, side);
    if (Array.isArray(row.decisions))
      copy.decisions = row.decisions.map((decision: { field: string }) => {
        const mine: Record<string, unknown> = { ...decision };
        for (const value of values) take(mine, value, decision.field);
        return mine;
      });
    return copy as unknown as T;
  });
  const changed = await change(parts);
  for (const [index, { at, member, field }] of places.entries()) {
    const data = changed[index]!;
    at[member] = field === undefined ? data : data![field];
  }
  return copies;
}
