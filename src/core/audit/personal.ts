/**
 * Personal values in entries. What is written into the trail cannot be taken back, so names, addresses and whole documents
 * about a person are sealed under a key of that person; erasing the person deletes the key. The chain hashes the sealed
 * form and never notices.
 *
 * Sealed value: `{"sealed_for": <subject>, "box": <base64 of nonce (12), tag (16), AES-256-GCM of the JSON>}`, bound to
 * organization and subject. The subject's key lies in the database, wrapped in the same form under a key derived from that
 * of the stage (HKDF-SHA-256).
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { AuditDocument } from './document.js';
import type { AuditEntry } from './entry.js';
import type { AuditKey, AuditTransaction } from './ports.js';
import { deleteSubjectKeys, findSubjectKeys, keepSubjectKey } from './subject-queries.js';

/** Members whose values tell who somebody is, wherever they stand. */
const personalNames: ReadonlySet<string> = new Set([
  'primary_email',
  'person_email',
  'email',
  'recipient',
  'first_name',
  'last_name',
  'full_name',
  'member_name',
  'mobile_no',
  'keycloak_user_id',
  'frappe_user',
  'user',
]);

interface Sealed {
  sealed_for: string;
  box: string;
}

/** Keys of subjects that entries staged together have in common, by organization and subject. */
export type SubjectKeys = Map<string, Buffer>;

/**
 * The entry with its personal values sealed; the same entry when it has none.
 * @param keys found for entries that are staged with the same statement. Not for a whole transaction: a savepoint may take
 * a key back that was made after it.
 */
export async function sealPersonal(
  tx: AuditTransaction,
  entry: AuditEntry,
  organization: string,
  keys: SubjectKeys,
): Promise<AuditEntry> {
  const { subject, ...rest } = entry;
  if (subject === undefined && !mayHold(entry.old) && !mayHold(entry.new)) return entry;
  const seal = async (of: string, value: unknown): Promise<Sealed> => {
    const name = `${organization}\0${of}`;
    const key = keys.get(name) ?? (await keyOf(tx, organization, of));
    keys.set(name, key);
    const text = Buffer.from(JSON.stringify(value));
    return { sealed_for: of, box: close(key, placeOf(organization, of), text).toString('base64') };
  };
  const walk = async (value: unknown, about: string | undefined): Promise<unknown> => {
    if (Array.isArray(value)) {
      const list: unknown[] = [];
      for (const item of value) list.push(await walk(item, about));
      return list;
    }
    if (!isPlain(value)) return value;
    const known = typeof value.person === 'string' ? value.person : about;
    const copy: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) {
      const isPersonal = isPersonalMember(value, name) && typeof member === 'string' && member !== '';
      copy[name] = isPersonal
        ? await seal(known ?? valueSubject(tx.auditKey, member), member)
        : await walk(member, known);
    }
    return copy;
  };
  const person = entry.ref.doctype === 'Person' ? entry.ref.name : undefined;
  const side = async (value: unknown): Promise<unknown> => {
    if (value === null || value === undefined) return value;
    return subject === undefined ? walk(value, person) : seal(subject, value);
  };
  return {
    ...rest,
    ...(entry.old === undefined ? {} : { old: await side(entry.old) }),
    ...(entry.new === undefined ? {} : { new: await side(entry.new) }),
  };
}

/** Entries with the sealed values opened whose subject's key is still there; of others it says that they are erased. */
export async function openPersonal(
  tx: AuditTransaction,
  documents: readonly AuditDocument[],
): Promise<AuditDocument[]> {
  const wanted = new Map<string, { organization: string; subject: string }>();
  for (const { org, old, new: current } of documents)
    for (const subject of subjectsIn([old, current]))
      wanted.set(`${org}\0${subject}`, { organization: org, subject });
  if (wanted.size === 0) return [...documents];
  const keys: SubjectKeys = new Map();
  const wrapping = wrappingKey(tx.auditKey);
  for (const { organization, subject, wrapped } of await findSubjectKeys(tx, [...wanted.values()]))
    keys.set(`${organization}\0${subject}`, open(wrapping, placeOf(organization, subject), wrapped));
  const reveal = (value: unknown, organization: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => reveal(item, organization));
    if (isSealed(value)) {
      const key = keys.get(`${organization}\0${value.sealed_for}`);
      if (key === undefined) return { erased: true };
      const box = Buffer.from(value.box, 'base64');
      return JSON.parse(open(key, placeOf(organization, value.sealed_for), box).toString()) as unknown;
    }
    if (!isPlain(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, reveal(member, organization)]),
    );
  };
  return documents.map((document) => ({
    ...document,
    old: reveal(document.old, document.org),
    new: reveal(document.new, document.org),
  }));
}

/**
 * Deletes the keys of a person and of values that were theirs, in every trail: what they sealed is unreadable from then
 * on. Returns how many there were.
 */
export function erasePersonal(
  tx: AuditTransaction,
  person: string,
  values: readonly string[],
): Promise<number> {
  return deleteSubjectKeys(tx, [person, ...values.map((value) => valueSubject(tx.auditKey, value))]);
}

/** The subject of a value whose person is not known where it is written: an address that was invited. */
function valueSubject({ secret }: AuditKey, value: string): string {
  const hash = createHmac('sha256', secret).update(`dartwing-audit-value-v1\0${value.toLowerCase()}`);
  return `value:${hash.digest('hex').slice(0, 32)}`;
}

async function keyOf(tx: AuditTransaction, organization: string, subject: string): Promise<Buffer> {
  const place = placeOf(organization, subject);
  const wrapping = wrappingKey(tx.auditKey);
  const wrapped = close(wrapping, place, randomBytes(32));
  return open(wrapping, place, await keepSubjectKey(tx, { organization, subject, wrapped }));
}

function wrappingKey({ secret }: AuditKey): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), 'dartwing/v1 audit subjects', 32));
}

function placeOf(organization: string, subject: string): Buffer {
  return Buffer.from(JSON.stringify([organization, subject]));
}

function close(key: Buffer, place: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(place);
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

function open(key: Buffer, place: Buffer, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(place).setAuthTag(sealed.subarray(12, 28));
  return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
}

/** The document of a member calls the person's name `name`. */
function isPersonalMember(holder: Readonly<Record<string, unknown>>, name: string): boolean {
  return personalNames.has(name) || (name === 'name' && holder.kind === 'Member');
}

function mayHold(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(mayHold);
  return (
    isPlain(value) &&
    Object.entries(value).some(
      ([name, member]) => (isPersonalMember(value, name) && typeof member === 'string') || mayHold(member),
    )
  );
}

function subjectsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(subjectsIn);
  if (isSealed(value)) return [value.sealed_for];
  return isPlain(value) ? Object.values(value).flatMap(subjectsIn) : [];
}

function isSealed(value: unknown): value is Sealed {
  return (
    isPlain(value) &&
    typeof value.sealed_for === 'string' &&
    typeof value.box === 'string' &&
    Object.keys(value).length === 2
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
