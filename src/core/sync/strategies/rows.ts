/** Merging of lists: child tables by the key of their rows, plain lists by their items, numbers by what was added. */
import { limits } from '../../limits.js';
import type { Fields } from './conflict.js';
import type { Owner, RowsRule } from './rules.js';
import { own, sameValue } from './same.js';

export interface MergedList {
  value: readonly unknown[];
  /** Whether something of that side is not in it. */
  lostServer: boolean;
  lostClient: boolean;
}

/** Who is right about a cell. */
type Side = Extract<Owner, 'server' | 'client'>;

/**
 * Rows of both sides by key: added by one side they stay, removed by one side they go, and cells merge like fields.
 * @param owner who is right about a cell that both changed; undefined when a person has to say
 * @returns undefined where a list cannot be merged by key or a person has to decide a cell
 */
export function mergeRows(
  base: unknown,
  server: unknown,
  client: unknown,
  rule: RowsRule,
  owner: Side | undefined,
): MergedList | undefined {
  const before = byKey(base ?? [], rule.key);
  const ours = byKey(server ?? [], rule.key);
  const theirs = byKey(client ?? [], rule.key);
  if (before === undefined || ours === undefined || theirs === undefined) return undefined;
  const merged: MergedList & { value: Fields[] } = { value: [], lostServer: false, lostClient: false };
  for (const [key, row] of [...ours, ...[...theirs].filter(([key]) => !ours.has(key))]) {
    const old = before.get(key);
    const mine = ours.get(key);
    const other = theirs.get(key);
    if (mine !== undefined && other !== undefined) {
      if (!mergeCells(old, mine, other, rule, owner, merged)) return undefined;
    } else if (old === undefined) {
      merged.value.push(row);
    } else if (!sameValue(old, row)) {
      // One side removed the row while the other edited it: removal wins, as for documents.
      if (mine !== undefined) merged.lostServer = true;
      else merged.lostClient = true;
    }
  }
  return rule.order === undefined ? merged : { ...merged, value: sorted(merged.value, rule.order) };
}

/** @returns whether the row could be merged without a person */
function mergeCells(
  old: Fields | undefined,
  server: Fields,
  client: Fields,
  rule: RowsRule,
  owner: Side | undefined,
  merged: MergedList & { value: Fields[] },
): boolean {
  const row: Record<string, unknown> = { ...server };
  for (const cell of Object.keys(client)) {
    const [was, is, wanted] = [own(old, cell), own(server, cell), own(client, cell)];
    if (sameValue(is, wanted) || (old !== undefined && sameValue(was, wanted))) continue;
    const added = rule.sum?.includes(cell) ? mergeSum(old === undefined ? 0 : was, is, wanted) : undefined;
    if (added !== undefined) row[cell] = added;
    else if (old !== undefined && sameValue(was, is)) row[cell] = wanted;
    else if (owner === undefined) return false;
    else if (owner === 'client') {
      row[cell] = wanted;
      merged.lostServer = true;
    } else merged.lostClient = true;
  }
  merged.value.push(row);
  return true;
}

/** Rows by key; undefined unless each is an object with a key of its own. */
function byKey(rows: unknown, key: string): Map<string, Fields> | undefined {
  if (!Array.isArray(rows)) return undefined;
  const found = new Map<string, Fields>();
  for (const row of rows) {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return undefined;
    const name = own(row as Fields, key);
    if (typeof name !== 'string' && typeof name !== 'number') return undefined;
    // A number and a text that look alike are one key: JSON clients mix them.
    if (found.has(String(name))) return undefined;
    found.set(String(name), row as Fields);
  }
  return found;
}

function sorted(rows: readonly Fields[], order: string): Fields[] {
  const place = (row: Fields) => {
    const value = own(row, order);
    return typeof value === 'number' ? value : Number.POSITIVE_INFINITY;
  };
  return [...rows].sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
}

/** Items of both sides; what either removed since the ancestor is gone. Undefined unless all are lists, not too long. */
export function mergeUnion(base: unknown, server: unknown, client: unknown): readonly unknown[] | undefined {
  const [before, ours, theirs] = [base ?? [], server ?? [], client ?? []];
  if (!Array.isArray(before) || !Array.isArray(ours) || !Array.isArray(theirs)) return undefined;
  if (Math.max(before.length, ours.length, theirs.length) > limits.unionItemsMax) return undefined;
  const has = (list: readonly unknown[], item: unknown) => list.some((other) => sameValue(other, item));
  const kept = ours.filter((item) => !has(before, item) || has(theirs, item));
  const added = theirs.filter((item) => !has(before, item) && !has(ours, item));
  return [...kept, ...added];
}

/** What both sides added to a number. Undefined unless all three are numbers. */
export function mergeSum(base: unknown, server: unknown, client: unknown): number | undefined {
  if (typeof base !== 'number' || typeof server !== 'number' || typeof client !== 'number') return undefined;
  // Fifteen digits are what a double holds: 0.1 + 0.2 is 0.3.
  const sum = Number((server + client - base).toPrecision(15));
  return Number.isFinite(sum) ? sum : undefined;
}
