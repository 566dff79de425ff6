import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { appendLeaf, type Frontier, leafHash, peakSizes, treeRoot } from '../../src/core/audit/merkle.js';
import { merkleTreeHash, publishedInputs, publishedRoots } from './rfc6962.js';

describe('Merkle frontier', () => {
  it('gives the published roots of Certificate Transparency', () => {
    let frontier: Frontier = [];
    expect(treeRoot(frontier).toString('hex')).toBe(publishedRoots[0]);
    publishedInputs.forEach((input, size) => {
      frontier = appendLeaf(frontier, size, leafHash(Buffer.from(input, 'hex')));
      expect(treeRoot(frontier).toString('hex')).toBe(publishedRoots[size + 1]);
    });
  });

  it('equals the recursive definition for every size from 0 to 300', () => {
    const leaves: Buffer[] = [];
    let frontier: Frontier = [];
    for (let size = 0; size <= 300; size++) {
      expect(treeRoot(frontier).equals(merkleTreeHash(leaves)), `size ${size}`).toBe(true);
      expect(peakSizes(size)).toHaveLength(frontier.length);
      expect(peakSizes(size).reduce((sum, leafCount) => sum + leafCount, 0)).toBe(size);
      const leaf = leafHash(randomBytes(8));
      frontier = appendLeaf(frontier, size, leaf);
      leaves.push(leaf);
    }
  });

  it('leaves the frontier it was given as it was', () => {
    const before = appendLeaf([], 0, leafHash(Buffer.from('a')));
    appendLeaf(before, 1, leafHash(Buffer.from('b')));
    expect(before).toHaveLength(1);
  });
});
