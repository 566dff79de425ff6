/**
 * Merkle tree hashing of RFC 6962 §2.1, kept as a frontier: the roots of the perfect subtrees that make up the
 * tree, largest first. Appending costs amortised two hashes and no other node has to be stored.
 */
import { hash } from 'node:crypto';

/** Roots of the perfect subtrees of a tree of some size; one per set bit of the size, largest first. */
export type Frontier = readonly Buffer[];

const leafPrefix = Buffer.from([0x00]);
const nodePrefix = Buffer.from([0x01]);

/** SHA-256 of the parts in order. */
export function sha256(...parts: readonly Buffer[]): Buffer {
  return hash('sha256', parts.length === 1 ? parts[0]! : Buffer.concat(parts), 'buffer');
}

/** Hash of a leaf: SHA-256(0x00 || data), the data in parts. */
export function leafHash(...data: readonly Buffer[]): Buffer {
  return sha256(leafPrefix, ...data);
}

/** Hash of an inner node: SHA-256(0x01 || left || right). */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return sha256(nodePrefix, left, right);
}

/** The frontier after one more leaf. `size` is the number of leaves before it; `leaf` is a leaf hash. */
export function appendLeaf(frontier: Frontier, size: number, leaf: Buffer): Frontier {
  const peaks = frontier.slice();
  let node = leaf;
  // Every trailing set bit of the size is a subtree as large as the node built so far.
  for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) node = nodeHash(peaks.pop()!, node);
  peaks.push(node);
  return peaks;
}

/** Root of the tree (MTH of RFC 6962 §2.1); the empty tree has SHA-256 of nothing. */
export function treeRoot(frontier: Frontier): Buffer {
  if (frontier.length === 0) return sha256(Buffer.alloc(0));
  return frontier.reduceRight((right, left) => nodeHash(left, right));
}

/** Number of leaves under each peak of a tree of `size` leaves, in the frontier's order. */
export function peakSizes(size: number): number[] {
  const sizes: number[] = [];
  for (let power = 1, rest = size; rest > 0; power *= 2, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) sizes.unshift(power);
  }
  return sizes;
}
