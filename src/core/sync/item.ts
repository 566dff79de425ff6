/** One operation of a batch on its way: parsed, then judged, then written, with its result at the end. */
import { hash } from 'node:crypto';
import { type Reach, reaches, reachIn, type Scope } from '../access/index.js';
import {
  type Data,
  type Doctype,
  denied,
  filled,
  isName,
  isPlain,
  nameInvalid,
  ownerOfNew,
  type Registry,
  refuseTooLarge,
  requireFields,
} from '../documents/index.js';
import { asDartwingError, DartwingError, type FieldError } from '../errors.js';
import { canonicalJson } from '../json.js';
import type { OperationKind, OperationResult } from './protocol.js';
import { isId } from './request.js';

/** An operation that can be judged. */
export interface Item {
  index: number;
  id: string | null;
  op: OperationKind;
  doctype: Doctype;
  /** The name on the server, or a temporary one until names are given. */
  name: string;
  /** The client's name of a document that the server names. */
  temporary: string | undefined;
  /** Fields to set; all fields for an insert. */
  data: Data;
  /** JSON of `data`, with keys sorted. */
  text: string;
  baseVersion: number;
  base: Data | undefined;
  changed: readonly string[] | undefined;
  writtenAt: Date | undefined;
  force: boolean;
  /** Fingerprint of everything that was asked. */
  request: string;
}

/** What a client sent, as far as it can be told when it cannot be taken. */
export interface Sent {
  id: string | null;
  op: OperationKind;
  doctype: string;
  name: string | null;
}

const kinds: readonly OperationKind[] = ['insert', 'update', 'delete', 'undelete'];
const members = new Set([
  'id',
  'op',
  'doctype',
  'name',
  'data',
  'base_version',
  'base',
  'changed',
  'client_ts',
  'force',
]);

/** What an operation says of itself, whatever else is wrong with it. */
export function sentOf(operation: unknown): Sent {
  const { id, op, doctype, name } = isPlain(operation) ? operation : ({} as Record<string, unknown>);
  return {
    id: typeof id === 'string' ? id.slice(0, 140) : null,
    op: kinds.find((kind) => kind === op) ?? 'update',
    doctype: typeof doctype === 'string' ? doctype.slice(0, 140) : '',
    name: typeof name === 'string' ? name.slice(0, 140) : null,
  };
}

/**
 * Parses one operation and checks its fields and what needs no look at the document.
 * @throws DOCTYPE_UNKNOWN, DOCUMENT_READ_ONLY, DOCUMENT_NAME_INVALID, VALIDATION_ERROR, PERMISSION_DENIED
 */
export function parseItem(
  operation: unknown,
  index: number,
  registry: Registry,
  scope: Scope,
  reachOf: ReturnType<typeof reachesOf>,
): Item {
  if (!isPlain(operation)) throw invalid('an operation is an object');
  const unknown = Object.keys(operation).find((key) => !members.has(key));
  if (unknown !== undefined) throw invalid(`${unknown.slice(0, 80)} is not a member of an operation`);
  const {
    id = null,
    op,
    base_version: baseVersion = 0,
    base,
    changed,
    client_ts: written,
    force,
  } = operation;
  if (id !== null && !isId(id)) throw invalid('id has 1 to 100 visible characters');
  const kind = kinds.find((known) => known === op);
  if (kind === undefined) throw invalid(`op is one of ${kinds.join(', ')}`);
  if (typeof operation.doctype !== 'string') throw invalid('doctype is a name');
  const doctype = registry.get(operation.doctype);
  if (doctype.isRecord && !doctype.isWritable)
    throw new DartwingError('DOCUMENT_READ_ONLY', { doctype: doctype.name });
  if (
    !Number.isInteger(baseVersion) ||
    (baseVersion as number) < 0 ||
    (baseVersion as number) > 2_147_483_646
  )
    throw invalid('base_version is a whole number from 0');
  if (base !== undefined && !isPlain(base)) throw invalid('base is an object of fields');
  if (
    changed !== undefined &&
    !(Array.isArray(changed) && changed.every((field) => doctype.fields.has(field)))
  )
    throw invalid('changed is a list of fields');
  if (force !== undefined && typeof force !== 'boolean') throw invalid('force is true or false');
  const writtenAt = written === undefined ? undefined : timeOf(written);
  const data = dataOf(doctype, kind, operation.data, changed as string[] | undefined);
  const text = doctype.textOf(data);
  const wrong: FieldError[] = [];
  refuseTooLarge(text, wrong);
  requireNothing(wrong);
  const name = nameOf(kind, operation.name);
  const item: Item = {
    index,
    id: id as string | null,
    op: kind,
    doctype,
    name: name ?? '',
    temporary: isNamedByServer(doctype) && kind === 'insert' ? name : undefined,
    data,
    text,
    baseVersion: baseVersion as number,
    base: base === undefined ? undefined : knownFields(doctype, base as Data),
    changed: changed as string[] | undefined,
    writtenAt,
    force: force === true,
    request: fingerprint([kind, doctype.name, name ?? null, baseVersion, force === true], text),
  };
  if (kind === 'insert') requireInsert(scope, item, reachOf('create', doctype.name));
  return item;
}

/** Whether the server makes the names of a doctype. */
export function isNamedByServer({ definition }: Doctype): boolean {
  return definition.naming.rule !== 'client';
}

/** The action that an operation takes a right to. */
export function actionOf(op: OperationKind): 'create' | 'write' | 'delete' {
  if (op === 'update') return 'write';
  return op === 'delete' ? 'delete' : 'create';
}

/** The rights of a batch, worked out once for each doctype. */
export function reachesOf(scope: Scope): (action: string, doctype: string) => Reach {
  const known = new Map<string, Reach>();
  return (action, doctype) => {
    const key = `${action} ${doctype}`;
    let reach = known.get(key);
    if (reach === undefined) {
      reach = reachIn(scope, action, doctype);
      known.set(key, reach);
    }
    return reach;
  };
}

/** The error part of a result. */
export function errorOf(thrown: unknown): NonNullable<OperationResult['error']> {
  const { code, kind, message, fields } = asDartwingError(thrown);
  return {
    code,
    message: kind === 'internal' ? 'Internal error' : message,
    ...(fields.length > 0
      ? { fields: fields.map(({ path, message: text }) => ({ path, message: text })) }
      : {}),
    retry: kind === 'unavailable' || kind === 'timeout' || kind === 'limited',
  };
}

/** A hash that tells one request from another, not a protection. */
export function fingerprint(head: unknown, text: string): string {
  return hash('sha256', `${JSON.stringify(head)}${text}`, 'base64url').slice(0, 16);
}

function requireInsert(scope: Scope, { doctype, data, name }: Item, reach: Reach): void {
  const owner = ownerOfNew(scope, doctype, data);
  if (!reaches(reach, { name, owner })) throw denied(scope, 'create', `${doctype.name}/${name || '*'}`);
  if (reach.hidden.size + reach.readOnly.size === 0) return;
  requireFields(
    scope,
    'create',
    doctype,
    filled(data).filter((field) => differsFromDefault(doctype, data, field)),
    name,
  );
}

function differsFromDefault({ fields }: Doctype, data: Data, field: string): boolean {
  return canonicalJson(data[field]) !== canonicalJson(fields.get(field)?.default ?? null);
}

function dataOf(
  doctype: Doctype,
  op: OperationKind,
  given: unknown,
  changed: readonly string[] | undefined,
): Data {
  if (op === 'delete' || (op === 'undelete' && given === undefined)) return {};
  const wrong: FieldError[] = [];
  if (!isPlain(given)) throw invalid('data is an object of fields');
  const touched =
    changed === undefined || op === 'insert'
      ? given
      : Object.fromEntries(Object.entries(given).filter(([field]) => changed.includes(field)));
  const data = op === 'insert' ? doctype.readNew(touched, wrong) : doctype.readChanges(touched, wrong);
  requireNothing(wrong);
  return data;
}

/** What a client remembers may be of an older form: fields that are no longer there are passed over. */
function knownFields({ fields }: Doctype, base: Data): Data {
  return Object.fromEntries(Object.entries(base).filter(([field]) => fields.has(field)));
}

function nameOf(op: OperationKind, name: unknown): string | undefined {
  if ((name === null || name === undefined) && op === 'insert') return undefined;
  if (!isName(name)) throw nameInvalid(name);
  return name;
}

function timeOf(written: unknown): Date {
  const at =
    typeof written === 'string' || typeof written === 'number' ? new Date(written) : new Date(Number.NaN);
  if (Number.isNaN(at.getTime()) || Math.abs(at.getTime()) > 4_102_444_800_000)
    throw invalid('client_ts is a time, such as 2026-11-23T10:00:00Z');
  return at;
}

function requireNothing(wrong: readonly FieldError[]): void {
  const [first] = wrong;
  if (first === undefined) return;
  throw new DartwingError(
    'VALIDATION_ERROR',
    { message: `${first.path} ${first.message}` },
    { fields: wrong },
  );
}

function invalid(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
