/** Proofs about Merkle trees (RFC 6962 §2.1.1 and §2.1.2) from the hashes of all leaves. Pure. */
import { nodeHash, peakSizes, treeRoot } from '../merkle.js';

/** Roots of all perfect subtrees: `levels[k][i]` has the leaves from `i * 2^k` on. Serves every smaller tree too. */
export type Subtrees = readonly (readonly Buffer[])[];

/** The subtrees over leaf hashes. */
export function subtreesOf(leaves: readonly Buffer[]): Subtrees {
  const levels = [leaves];
  for (let level = leaves; level.length > 1; level = levels.at(-1)!) {
    const pairs = Array.from({ length: Math.floor(level.length / 2) }, (_, index) =>
      nodeHash(level[index * 2]!, level[index * 2 + 1]!),
    );
    levels.push(pairs);
  }
  return levels;
}

/** The hashes beside the way from leaf `index` (from 0) to the root of the first `size` leaves, from the leaf upwards. */
export function inclusionPath(subtrees: Subtrees, index: number, size: number): Buffer[] {
  const path: Buffer[] = [];
  let [low, high] = [0, size];
  while (high - low > 1) {
    const middle = low + splitOf(high - low);
    if (index < middle) {
      path.unshift(rangeRoot(subtrees, middle, high));
      high = middle;
    } else {
      path.unshift(rangeRoot(subtrees, low, middle));
      low = middle;
    }
  }
  return path;
}

/** The hashes that prove the tree of the first `first` leaves to be the beginning of that of the first `size`. */
export function consistencyPath(subtrees: Subtrees, first: number, size: number): Buffer[] {
  const path: Buffer[] = [];
  let [low, high, isWhole] = [0, size, true];
  while (first !== high) {
    const middle = low + splitOf(high - low);
    if (first <= middle) {
      path.unshift(rangeRoot(subtrees, middle, high));
      high = middle;
    } else {
      path.unshift(rangeRoot(subtrees, low, middle));
      low = middle;
      isWhole = false;
    }
  }
  if (!isWhole) path.unshift(rangeRoot(subtrees, low, high));
  return path;
}

/** The largest power of two that is smaller than `size`. */
function splitOf(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** Ranges of proofs begin where their largest subtree may begin. */
function rangeRoot(subtrees: Subtrees, low: number, high: number): Buffer {
  let from = low;
  const peaks = peakSizes(high - low).map((leaves) => {
    const peak = subtrees[Math.log2(leaves)]![from / leaves]!;
    from += leaves;
    return peak;
  });
  return treeRoot(peaks);
}
