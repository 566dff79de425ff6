import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  appendLeaf,
  type Frontier,
  leafHash,
  nodeHash,
  peakSizes,
  treeRoot,
} from '../../src/core/audit/merkle.js';

/** MTH exactly as RFC 6962 §2.1 defines it, by recursion. */
function recursiveRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length <= 1) return leaves[0] ?? treeRoot([]);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(recursiveRoot(leaves.slice(0, split)), recursiveRoot(leaves.slice(split)));
}

/** Inputs and roots of the Certificate Transparency test suite. */
const inputs = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('Merkle frontier', () => {
  it('gives the published roots of Certificate Transparency', () => {
    let frontier: Frontier = [];
    expect(treeRoot(frontier).toString('hex')).toBe(roots[0]);
    inputs.forEach((input, size) => {
      frontier = appendLeaf(frontier, size, leafHash(Buffer.from(input, 'hex')));
      expect(treeRoot(frontier).toString('hex')).toBe(roots[size + 1]);
    });
  });

  it('equals the recursive definition for every size from 0 to 300', () => {
    const leaves: Buffer[] = [];
    let frontier: Frontier = [];
    for (let size = 0; size <= 300; size++) {
      expect(treeRoot(frontier).equals(recursiveRoot(leaves)), `size ${size}`).toBe(true);
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
