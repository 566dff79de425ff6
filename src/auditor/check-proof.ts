/**
 * Checks a proof that `dartwing audit prove` wrote, without a database and without us: it needs this file and Node,
 * nothing else. `node check-proof.js proof.json [verifier key]`: exit 0 when it holds, 6 when it does not, 2 when the
 * file cannot be read.
 *
 * What it proves: the entry stands at its place in the tree whose root the checkpoint signs, and the checkpoint in
 * the log of all checkpoints. Whose key signed is said by the verifier key: compare it with the one that you were
 * given by another way, or give it as the second word. Formats: RFC 6962 (trees), C2SP signed-note (checkpoints).
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Hashes of a path and signed notes are text: base64, and as they were signed. */
export interface AuditProof {
  organization: string;
  seq: number;
  at: string;
  body: string;
  path: readonly string[];
  checkpoint: string;
  verifier: string;
  /** The checkpoint as an entry of the log over all organizations. */
  log: { place: number; path: readonly string[]; checkpoint: string; verifier: string };
  /** An earlier checkpoint of the same trail, which this one continues. */
  earlier?: { checkpoint: string; path: readonly string[]; verifier: string };
}

/** What is wrong with a proof; empty when it holds. `pinned`: the verifier keys that are believed. */
export function checkProof(proof: AuditProof, pinned: readonly string[] = []): string[] {
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string) => void (holds || faults.push(fault));
  try {
    const checkpoint = openNote(proof.checkpoint, proof.verifier, pinned);
    const log = openNote(proof.log.checkpoint, proof.log.verifier, pinned);
    expect(checkpoint.signed, 'the signature of the checkpoint is not of the verifier key');
    expect(log.signed, 'the signature of the log is not of the verifier key');
    const [base, epoch = ''] = log.origin.split('~') as [string, string?];
    const [trail, trailEpoch = ''] = checkpoint.origin.split('~') as [string, string?];
    expect(
      trail === `${base}/${proof.organization}` && Number(trailEpoch) <= Number(epoch),
      'the checkpoint is of another trail',
    );
    const leaf = entryLeaf(proof);
    expect(
      (JSON.parse(proof.body) as { org?: unknown }).org === proof.organization,
      'the entry is of another organization',
    );
    const root = rootOfInclusion(proof.seq - 1, checkpoint.size, leaf, proof.path);
    expect(root === checkpoint.root, 'the entry does not stand at its place in the tree that was signed');
    const place = hash(Buffer.from([0]), Buffer.from(checkpoint.text));
    const logRoot = rootOfInclusion(proof.log.place - 1, log.size, place, proof.log.path);
    expect(logRoot === log.root, 'the checkpoint does not stand in the log of all checkpoints');
    if (proof.earlier !== undefined) {
      const before = openNote(proof.earlier.checkpoint, proof.earlier.verifier, pinned);
      expect(before.signed, 'the signature of the earlier checkpoint is not of the verifier key');
      expect(before.origin.split('~')[0] === trail, 'the earlier checkpoint is of another trail');
      expect(
        isConsistent(before, checkpoint, proof.earlier.path),
        'the trail does not continue the earlier checkpoint',
      );
    }
  } catch (error) {
    faults.push(`the proof cannot be read: ${(error as Error).message}`);
  }
  return faults;
}

function hash(...parts: readonly Buffer[]) {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

/** SHA-256(0x00 || body || 0x00 || length and organization || number || length and time). */
function entryLeaf({ body, organization, seq, at }: AuditProof): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(seq));
  const zero = Buffer.from([0]);
  return hash(zero, Buffer.from(body), zero, counted(organization), number, counted(at));
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function node(left: Buffer, right: Buffer) {
  return hash(Buffer.from([1]), left, right);
}

/** RFC 9162 §2.1.3.2; base64, empty when the path has a wrong length. */
export function rootOfInclusion(index: number, size: number, leaf: Buffer, path: readonly string[]): string {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return '';
  let [at, last, root] = [BigInt(index), BigInt(size - 1), Buffer.from(leaf)];
  for (const text of path) {
    if (last === 0n) return '';
    const beside = Buffer.from(text, 'base64');
    if (at & 1n || at === last) {
      root = node(beside, root);
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else root = node(root, beside);
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n ? root.toString('base64') : '';
}

/** RFC 9162 §2.1.4.2. Roots in base64. */
export function isConsistent(
  first: { size: number; root: string },
  second: { size: number; root: string },
  path: readonly string[],
): boolean {
  if (first.size < 1 || first.size > second.size) return false;
  if (first.size === second.size) return path.length === 0 && first.root === second.root;
  const isPower = (BigInt(first.size) & BigInt(first.size - 1)) === 0n;
  const [start, ...rest] = isPower ? [first.root, ...path] : path;
  if (start === undefined) return false;
  let [at, last] = [BigInt(first.size - 1), BigInt(second.size - 1)];
  while (at & 1n) [at, last] = [at >> 1n, last >> 1n];
  let [old, now] = [Buffer.from(start, 'base64'), Buffer.from(start, 'base64')];
  for (const text of rest) {
    if (last === 0n) return false;
    const beside = Buffer.from(text, 'base64');
    if (at & 1n || at === last) {
      [old, now] = [node(beside, old), node(beside, now)];
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else now = node(now, beside);
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && old.toString('base64') === first.root && now.toString('base64') === second.root;
}

function openNote(note: string, verifier: string, pinned: readonly string[]) {
  const [text = '', lines = ''] = note.split(/(?<=\n)\n/);
  const [origin = '', size = '', root = ''] = text.split('\n');
  const [, name = '', id = '', key = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(verifier.trim()) ?? [];
  const bytes = Buffer.from(key, 'base64');
  const believed = pinned.length === 0 || pinned.some((one) => one.trim() === verifier.trim());
  const named =
    hash(Buffer.from(`${name}\n`), bytes)
      .subarray(0, 4)
      .toString('hex') === id && bytes[0] === 1;
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)]);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const signed = lines.split('\n').some((line) => {
    const [dash, who, signature = ''] = line.split(' ');
    const given = Buffer.from(signature, 'base64');
    const ours = dash === '—' && who === name && given.subarray(0, 4).toString('hex') === id;
    return ours && verify(null, Buffer.from(text), publicKey, given.subarray(4));
  });
  return { text, origin, size: Number(size), root, signed: signed && named && believed };
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [, , file, ...keys] = process.argv;
  let faults: string[];
  try {
    faults = checkProof(JSON.parse(readFileSync(file ?? '', 'utf8')) as AuditProof, keys);
    process.exitCode = faults.length === 0 ? 0 : 6;
  } catch (error) {
    faults = [(error as Error).message];
    process.exitCode = 2;
  }
  const verdict = keys.length === 0 ? 'holds, if the verifier key in it is the right one' : 'holds';
  process.stdout.write(`${faults.length === 0 ? `The proof ${verdict}` : faults.join('\n')}\n`);
}
