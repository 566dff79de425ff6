/** Three-way merge of long texts by lines. */
import { diff3Merge } from 'node-diff3';
import { limits } from '../../limits.js';

type Lines = readonly string[];

/** The text with the changes of both sides, or undefined where both changed the same or neighbouring lines. */
export function mergeText(base: unknown, server: unknown, client: unknown): string | undefined {
  if (typeof base !== 'string' || typeof server !== 'string' || typeof client !== 'string') return undefined;
  const all: readonly [Lines, Lines, Lines] = [base.split('\n'), server.split('\n'), client.split('\n')];
  const before = all[0].slice(0, commonStart(all));
  const rest = withoutStart(all, before.length);
  const after = commonEnd(rest);
  const [ancestor, ours, theirs] = withoutEnd(rest, after);
  if (costly(ancestor, ours) || costly(ancestor, theirs)) return undefined;
  const regions = diff3Merge([...ours], [...ancestor], [...theirs], { excludeFalseConflicts: true });
  if (regions.some(({ conflict }) => conflict !== undefined)) return undefined;
  const end = after === 0 ? [] : all[0].slice(-after);
  return [...before, ...regions.flatMap(({ ok }) => ok ?? []), ...end].join('\n');
}

/** Lines with which all three begin: most of a long text, and comparing it would cost the most. */
function commonStart([one, ...others]: readonly [Lines, Lines, Lines]): number {
  const different = one.findIndex((line, index) => others.some((other) => other[index] !== line));
  return different === -1 ? one.length : different;
}

function commonEnd([one, ...others]: readonly [Lines, Lines, Lines]): number {
  const most = Math.min(one.length, ...others.map(({ length }) => length));
  for (let count = 0; count < most; count++)
    if (others.some((other) => other[other.length - 1 - count] !== one[one.length - 1 - count])) return count;
  return most;
}

function withoutStart([a, b, c]: readonly [Lines, Lines, Lines], count: number): [Lines, Lines, Lines] {
  return [a.slice(count), b.slice(count), c.slice(count)];
}

function withoutEnd([a, b, c]: readonly [Lines, Lines, Lines], count: number): [Lines, Lines, Lines] {
  return [a.slice(0, a.length - count), b.slice(0, b.length - count), c.slice(0, c.length - count)];
}

/**
 * Whether comparing would hold the process: the algorithm looks at each pair of equal lines and for each of them at the
 * candidates so far, so a few thousand repeated lines take seconds.
 */
function costly(one: Lines, other: Lines): boolean {
  const counts = new Map<string, number>();
  for (const line of one) counts.set(line, (counts.get(line) ?? 0) + 1);
  let pairs = 0;
  for (const line of other) pairs += counts.get(line) ?? 0;
  return pairs * Math.min(one.length, other.length) > limits.textMergeStepsMax;
}
