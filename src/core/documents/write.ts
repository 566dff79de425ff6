/** One document written by somebody who is online: every verb in one transaction. */
import type { Scope } from '../access/index.js';
import { DartwingError, type FieldError } from '../errors.js';
import { seriesName, uuidv7 } from '../ids.js';
import { canonicalJson } from '../json.js';
import { requireUnbarred } from './bars.js';
import { type ChangeRow, type DocumentRow, nextNumbers } from './change-queries.js';
import { filled, nameInvalid, refuse, requireFields, requireLinks, requireRight } from './demands.js';
import { type Data, type Doctype, refuseTooLarge } from './doctype.js';
import { changed, type DocumentChange, unchanged } from './outcome.js';
import { ownerOfChange, ownerOfNew } from './ownership.js';
import type { Registry } from './registry.js';
import { findDocument, lockDocuments, writeChanges } from './store.js';
import { isName, isPlain } from './values.js';

export interface CreateInput {
  /** Made by the server when absent, and always where it makes the names. */
  name?: string | undefined;
  data: Data;
}

/**
 * Creates a document.
 * @throws DOCTYPE_UNKNOWN, DOCUMENT_READ_ONLY, VALIDATION_ERROR, DOCUMENT_NAME_INVALID, DOCUMENT_EXISTS, LINK_INVALID,
 * ATTACHMENT_MISSING, PERMISSION_DENIED, FIELDS_DENIED, PROCESSING_RESTRICTED, BAA_EXPIRED
 */
export async function createDocument(
  scope: Scope,
  registry: Registry,
  doctypeName: string,
  input: CreateInput,
): Promise<DocumentChange> {
  const doctype = requireWritable(registry, doctypeName);
  const data = read(doctype, input.data, 'readNew');
  if (input.name !== undefined && !isName(input.name)) throw nameInvalid(input.name);
  const owner = ownerOfNew(scope, doctype, data);
  requireRight(scope, 'create', doctype, { name: input.name ?? '', owner });
  requireFields(scope, 'create', doctype, filled(data), input.name ?? '');
  await requireLinks(scope, doctype, data);
  await requireUnbarred(scope, { doctype, name: input.name ?? '', data });
  const name = await nameFor(scope, doctype, input.name);
  const change = { ...first(doctype.name, name, data), owner };
  const row = await write(scope, registry, change);
  if (row === undefined) throw new DartwingError('DOCUMENT_EXISTS', { ref: `${doctype.name}/${name}` });
  return changed(scope, doctype, registry, 'create', null, row);
}

/**
 * Sets fields of a document.
 * @param ifVersion the version that the caller saw
 * @throws DOCUMENT_NOT_FOUND, VERSION_MOVED, and what creating throws
 */
export async function updateDocument(
  scope: Scope,
  registry: Registry,
  ref: { doctype: string; name: string },
  data: Data,
  ifVersion?: number,
): Promise<DocumentChange> {
  const doctype = requireWritable(registry, ref.doctype);
  const changes = read(doctype, data, 'readChanges');
  const before = await lockOne(scope, registry, 'write', doctype, ref.name, ifVersion);
  refuseAppendOnly(doctype);
  const moved = Object.keys(changes).filter(
    (field) => canonicalJson(changes[field]) !== canonicalJson(before.data[field] ?? null),
  );
  requireFields(scope, 'write', doctype, moved, ref.name);
  if (moved.length === 0) return unchanged(scope, registry, doctype, before);
  const merged = { ...before.data, ...changes };
  const wrong: FieldError[] = [];
  refuseTooLarge(canonicalJson(merged), wrong);
  refuse(wrong);
  await requireLinks(scope, doctype, changes, before.data);
  await requireUnbarred(scope, { doctype, name: ref.name, data: changes });
  const row = await write(scope, registry, {
    ...next(before, 'update'),
    data: canonicalJson(changes),
    owner: ownerOfChange(doctype, changes),
  });
  return changed(scope, doctype, registry, 'update', before, row!);
}

/** Deletes a document; a tombstone stays for clients and for `undelete`. @throws DOCUMENT_NOT_FOUND, VERSION_MOVED */
export async function deleteDocument(
  scope: Scope,
  registry: Registry,
  ref: { doctype: string; name: string },
  ifVersion?: number,
): Promise<DocumentChange> {
  const doctype = requireWritable(registry, ref.doctype);
  const before = await lockOne(scope, registry, 'delete', doctype, ref.name, ifVersion);
  await requireUnbarred(scope, { doctype, name: ref.name, op: 'delete', data: {} });
  const row = await write(scope, registry, next(before, 'delete'));
  return changed(scope, doctype, registry, 'delete', before, row!);
}

/** Brings a deleted document back as it was. @throws DOCUMENT_NOT_FOUND, DOCUMENT_EXISTS (it is not deleted) */
export async function undeleteDocument(
  scope: Scope,
  registry: Registry,
  ref: { doctype: string; name: string },
): Promise<DocumentChange> {
  const doctype = requireWritable(registry, ref.doctype);
  const [before] = await lockDocuments(scope.tx, registry, scope.tx.organization!, [ref]);
  requireRight(scope, 'create', doctype, before ?? { name: ref.name, owner: null });
  if (before === undefined) throw notFound(ref);
  if (!before.deleted) throw new DartwingError('DOCUMENT_EXISTS', { ref: `${ref.doctype}/${ref.name}` });
  await requireLinks(scope, doctype, before.data);
  await requireUnbarred(scope, { doctype, name: ref.name, op: 'undelete', data: {} });
  const row = await write(scope, registry, next(before, 'undelete'));
  return changed(scope, doctype, registry, 'undelete', before, row!);
}

/** A doctype whose documents are written here. @throws DOCTYPE_UNKNOWN, DOCUMENT_READ_ONLY */
export function requireWritable(registry: Registry, name: string): Doctype {
  const doctype = registry.get(name);
  if (doctype.isRecord) throw new DartwingError('DOCUMENT_READ_ONLY', { doctype: name });
  return doctype;
}

/** The name of a new document: the client's, or one that the server makes. */
export async function nameFor(scope: Scope, doctype: Doctype, given: string | undefined): Promise<string> {
  const { naming } = doctype.definition;
  if (naming.rule !== 'series') return given ?? uuidv7(scope.clock.now());
  const [number] = await nextNumbers(scope.tx, 1);
  return seriesName(naming, number!, scope.clock.now());
}

function refuseAppendOnly({ name, definition }: Doctype): void {
  if (definition.conflicts?.strategy === 'append_only')
    throw new DartwingError('DOCUMENT_IMMUTABLE', { doctype: name });
}

async function lockOne(
  scope: Scope,
  registry: Registry,
  action: string,
  doctype: Doctype,
  name: string,
  ifVersion: number | undefined,
): Promise<DocumentRow> {
  const ref = { doctype: doctype.name, name };
  const [row] = await lockDocuments(scope.tx, registry, scope.tx.organization!, [ref]);
  const live = row === undefined || row.deleted ? undefined : row;
  // Whoever may not act on every document learns nothing of one that is not there.
  requireRight(scope, action, doctype, live ?? { name, owner: null });
  if (live === undefined) throw notFound(ref);
  if (ifVersion !== undefined && ifVersion !== live.version) {
    const params = { ref: `${doctype.name}/${name}`, current: live.version, given: ifVersion };
    throw new DartwingError('VERSION_MOVED', params);
  }
  return live;
}

function read(doctype: Doctype, data: unknown, how: 'readNew' | 'readChanges'): Record<string, unknown> {
  const wrong: FieldError[] = [];
  if (!isPlain(data)) wrong.push({ path: 'data', message: 'is an object of fields' });
  const fields = isPlain(data) ? doctype[how](data, wrong) : {};
  if (wrong.length === 0) refuseTooLarge(canonicalJson(fields), wrong);
  refuse(wrong);
  return fields;
}

function notFound({ doctype, name }: { doctype: string; name: string }): DartwingError {
  return new DartwingError('DOCUMENT_NOT_FOUND', { ref: `${doctype}/${name.slice(0, 140)}` });
}

function first(doctype: string, name: string, data: Data): ChangeRow {
  return {
    doctype,
    name,
    base: 0,
    version: 1,
    op: 'insert',
    wasDeleted: false,
    deleted: false,
    final: true,
    data: canonicalJson(data),
    owner: null,
  };
}

function next(row: DocumentRow, op: 'update' | 'delete' | 'undelete'): ChangeRow {
  return {
    doctype: row.doctype,
    name: row.name,
    base: row.version,
    version: row.version + 1,
    op,
    wasDeleted: row.deleted,
    deleted: op === 'delete',
    final: true,
    data: '{}',
    owner: undefined,
  };
}

async function write(
  { tx, clock, principal }: Scope,
  registry: Registry,
  row: ChangeRow,
): Promise<DocumentRow | undefined> {
  const organization = tx.organization!;
  const writer = { organization, at: clock.now(), by: principal.id };
  const [written] = await writeChanges(tx, registry, writer, [row]);
  return written && findDocument(tx, registry, organization, row);
}
