/**
 * Checkpoints as signed notes (C2SP tlog-checkpoint and signed-note): the size and the root of a tree under the name
 * of its log, signed with Ed25519. Text, so that it can be printed, mailed and compared by eye.
 *
 * ```
 * dartwing/<deployment>/<organization>          origin; the log over all trails has no organization;
 * 1200                                          a later epoch ends in ~2, ~3, …
 * <root in base64>
 *
 * — dartwing/<deployment> <base64 of key id (4 bytes) and signature (64 bytes)>
 * ```
 * Key id: the first four bytes of SHA-256(name || 0x0A || 0x01 || public key).
 */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { sha256 } from '../merkle.js';

/** What a checkpoint says. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** A key that checkpoints are believed from. */
export interface Verifier {
  readonly name: string;
  readonly id: Buffer;
  readonly publicKey: KeyObject;
}

/** A signed note taken apart. Nothing about it is believed yet. */
export interface ParsedNote extends Checkpoint {
  /** The signed text, which ends in a line feed. */
  readonly text: string;
  readonly note: string;
  readonly signatures: readonly { readonly name: string; readonly id: Buffer; readonly signature: Buffer }[];
}

const ed25519 = 0x01;
/** Object identifier and lengths that stand before the 32 bytes of an Ed25519 public key (RFC 8410 §4). */
const publicKeyHeader = Buffer.from('302a300506032b6570032100', 'hex');

/** The text that is signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** A signed note of a checkpoint. */
export function signCheckpoint(checkpoint: Checkpoint, key: Verifier, privateKey: KeyObject): string {
  const text = checkpointText(checkpoint);
  const signature = Buffer.concat([key.id, sign(null, Buffer.from(text), privateKey)]);
  return `${text}\n— ${key.name} ${signature.toString('base64')}\n`;
}

/** Takes a signed note apart; undefined when it is none of ours. */
export function parseNote(note: string): ParsedNote | undefined {
  const parts = /^(([^\n]+)\n(\d{1,15})\n([A-Za-z0-9+/]{43}=)\n)\n((?:— \S+ [A-Za-z0-9+/=]+\n)+)$/.exec(note);
  if (parts === null) return undefined;
  const [, text, origin, size, root, lines] = parts as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const signatures = lines
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, name, bytes] = line.split(' ') as [string, string, string];
      const signature = Buffer.from(bytes, 'base64');
      return { name, id: signature.subarray(0, 4), signature: signature.subarray(4) };
    });
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), text, note, signatures };
}

/** Several notes one after another, each behind an empty line. Undefined when anything else stands among them. */
export function parseNotes(text: string): ParsedNote[] | undefined {
  const notes = text.replaceAll('\r\n', '\n').match(/[^\n]+\n[^\n]+\n[^\n]+\n\n(?:— [^\n]+\n)+/g) ?? [];
  const parsed = notes.map(parseNote);
  const rest = notes.reduce((left, note) => left.replace(note, ''), text.replaceAll('\r\n', '\n'));
  if (rest.trim() !== '' || parsed.some((note) => note === undefined)) return undefined;
  return parsed as ParsedNote[];
}

/** Whether one of the keys signed the note. */
export function isSigned(note: ParsedNote, keys: readonly Verifier[]): boolean {
  return note.signatures.some(({ name, id, signature }) =>
    keys.some(
      (key) =>
        key.name === name &&
        key.id.equals(id) &&
        verify(null, Buffer.from(note.text), key.publicKey, signature),
    ),
  );
}

/** A verifier of a public key under a name. */
export function verifierOf(name: string, publicKey: KeyObject): Verifier {
  const bytes = rawPublicKey(publicKey);
  const id = sha256(Buffer.from(`${name}\n`), Buffer.from([ed25519]), bytes).subarray(0, 4);
  return { name, id, publicKey };
}

/** The text of a verifier: `name+<key id in hex>+<base64 of 0x01 and the public key>`. */
export function verifierText({ name, id, publicKey }: Verifier): string {
  const key = Buffer.concat([Buffer.from([ed25519]), rawPublicKey(publicKey)]);
  return `${name}+${id.toString('hex')}+${key.toString('base64')}`;
}

/** The verifier of a text; undefined when it is none, or its key id is not that of its key. */
export function parseVerifier(text: string): Verifier | undefined {
  const parts = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim());
  if (parts === null) return undefined;
  const bytes = Buffer.from(parts[3]!, 'base64');
  if (bytes.length !== 33 || bytes[0] !== ed25519) return undefined;
  const key = Buffer.concat([publicKeyHeader, bytes.subarray(1)]);
  const verifier = verifierOf(parts[1]!, createPublicKey({ key, format: 'der', type: 'spki' }));
  return verifier.id.toString('hex') === parts[2] ? verifier : undefined;
}

function rawPublicKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(publicKeyHeader.length);
}
