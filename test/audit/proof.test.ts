import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isConsistent, rootOfInclusion } from '../../src/auditor/check-proof.js';
import {
  isSigned,
  parseNote,
  parseNotes,
  parseVerifier,
  signCheckpoint,
  verifierOf,
  verifierText,
} from '../../src/core/audit/checkpoint/note.js';
import { consistencyPath, inclusionPath, subtreesOf } from '../../src/core/audit/checkpoint/proof.js';
import { signingKey } from '../../src/core/audit/checkpoint/signer.js';
import { appendLeaf, type Frontier, leafHash, treeRoot } from '../../src/core/audit/merkle.js';
import { merkleTreeHash, publishedInputs, publishedRoots } from './rfc6962.js';

const leaves = Array.from({ length: 300 }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));
const roots = leaves.map((_, index) => merkleTreeHash(leaves.slice(0, index + 1)).toString('base64'));
const subtrees = subtreesOf(leaves);
const texts = (path: readonly Buffer[]) => path.map((hash) => hash.toString('base64'));

describe('trees', () => {
  it('have the roots of the definition for all sizes from 1 to 300', () => {
    let frontier: Frontier = [];
    for (const [index, leaf] of leaves.entries()) {
      frontier = appendLeaf(frontier, index, leaf);
      expect(treeRoot(frontier).toString('base64')).toBe(roots[index]);
    }
  });

  // The leaves and roots that implementations of RFC 6962 share as test data.
  it('have the published roots', () => {
    const hashes = publishedInputs.map((hex) => leafHash(Buffer.from(hex, 'hex')));
    for (const [size, root] of publishedRoots.entries())
      expect(merkleTreeHash(hashes.slice(0, size)).toString('hex')).toBe(root);
    expect(texts(inclusionPath(subtreesOf(hashes), 5, 8))).toHaveLength(3);
  });
});

describe('inclusion', () => {
  it('is proved for every leaf of trees up to 100, and samples up to 300', () => {
    for (let size = 1; size <= 300; size++) {
      const step = size <= 100 ? 1 : 37;
      for (let index = size % step; index < size; index += step) {
        const path = texts(inclusionPath(subtrees, index, size));
        expect(rootOfInclusion(index, size, leaves[index]!, path)).toBe(roots[size - 1]);
      }
    }
  });

  it('is not proved at another place, in another size, or with another path', () => {
    const holds = (index: number, size: number, leaf: Buffer, path: readonly string[]) =>
      rootOfInclusion(index, size, leaf, path) === roots[size - 1];
    fc.assert(
      fc.property(fc.nat(199), fc.nat(199), fc.nat(10), (a, b, spoiled) => {
        const [index, size] = [Math.min(a, b), Math.max(a, b) + 1];
        const path = texts(inclusionPath(subtrees, index, size));
        expect(holds(index, size, leaves[index + 1]!, path)).toBe(false);
        if (size > 1) expect(holds((index + 1) % size, size, leaves[index]!, path)).toBe(false);
        expect(holds(index, size, leaves[index]!, [...path, roots[0]!])).toBe(false);
        if (path.length === 0) return;
        expect(holds(index, size, leaves[index]!, path.slice(1))).toBe(false);
        const other = path.with(spoiled % path.length, texts([leaves[299]!])[0]!);
        expect(holds(index, size, leaves[index]!, other)).toBe(false);
      }),
    );
    expect(rootOfInclusion(-1, 1, leaves[0]!, [])).toBe('');
    expect(rootOfInclusion(1, 1, leaves[0]!, [])).toBe('');
  });
});

describe('consistency', () => {
  it('is proved for all pairs of sizes up to 200, and not for another root', () => {
    for (let second = 1; second <= 200; second++) {
      for (let first = 1; first <= second; first++) {
        const path = texts(consistencyPath(subtrees, first, second));
        const [older, newer] = [
          { size: first, root: roots[first - 1]! },
          { size: second, root: roots[second - 1]! },
        ];
        if (!isConsistent(older, newer, path)) expect.fail(`${first} of ${second}`);
        // What must not hold is tried on a part of the pairs.
        if ((first + second) % 5 !== 0) continue;
        if (isConsistent({ ...older, root: roots[first]! }, newer, path))
          expect.fail(`${first} of ${second}: old root`);
        if (first < second && isConsistent(older, { ...newer, root: roots[0]! }, path) && second > 1)
          expect.fail(`${first} of ${second}: new root`);
        if (path.length > 0 && isConsistent(older, newer, path.slice(1)))
          expect.fail(`${first} of ${second}: short`);
      }
    }
  });
});

describe('notes', () => {
  const pair = generateKeyPairSync('ed25519');
  const verifier = verifierOf('dartwing/test', pair.publicKey);
  const checkpoint = { origin: 'dartwing/test/ORG-2026-00001', size: 12, root: leaves[0]! };
  const note = signCheckpoint(checkpoint, verifier, pair.privateKey);

  it('are texts of the published form, and say what was signed', () => {
    expect(note).toMatch(
      /^dartwing\/test\/ORG-2026-00001\n12\n[A-Za-z0-9+/]{43}=\n\n— dartwing\/test [A-Za-z0-9+/]+=*\n$/,
    );
    const parsed = parseNote(note)!;
    expect(parsed).toMatchObject({ origin: checkpoint.origin, size: 12, root: leaves[0] });
    expect(isSigned(parsed, [verifier])).toBe(true);
    expect(parsed.signatures[0]!.id).toEqual(verifier.id);
  });

  // The verifier key of the C2SP signed-note specification's own example.
  it('know the key id of a published verifier key', () => {
    const published = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    expect(verifierText(parseVerifier(published)!)).toBe(published);
    expect(parseVerifier(published.replace('c74f20a3', 'c74f20a4'))).toBeUndefined();
    expect(parseVerifier('nonsense')).toBeUndefined();
  });

  it('are not signed when one letter is another, the name is, or the key is', () => {
    const other = generateKeyPairSync('ed25519');
    expect(isSigned(parseNote(note)!, [verifierOf('dartwing/test', other.publicKey)])).toBe(false);
    expect(isSigned(parseNote(note)!, [verifierOf('dartwing/best', pair.publicKey)])).toBe(false);
    expect(isSigned(parseNote(note.replace('\n12\n', '\n13\n'))!, [verifier])).toBe(false);
    for (const broken of [
      note.replace('\n\n', '\n'),
      note.slice(0, -1),
      `${note}x`,
      note.replace('12', '-1'),
    ])
      expect(parseNote(broken)).toBeUndefined();
  });

  it('are read one after another, and nothing else among them', () => {
    const second = signCheckpoint({ ...checkpoint, size: 13 }, verifier, pair.privateKey);
    expect(parseNotes(`${note}\n${second}`)!.map(({ size }) => size)).toEqual([12, 13]);
    expect(parseNotes(`${note}\nand more`)).toBeUndefined();
    expect(parseNotes('')).toEqual([]);
  });

  it('come from keys that follow from a secret, one for each generation and deployment', () => {
    const secret = { seed: Buffer.alloc(32, 7), formerVerifiers: [] };
    const text = (deployment: string, generation: number) =>
      verifierText(signingKey(secret, deployment, generation).verifier);
    expect(text('a', 1)).toBe(text('a', 1));
    expect(new Set([text('a', 1), text('a', 2), text('b', 1)]).size).toBe(3);
  });
});
