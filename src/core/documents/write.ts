/** One document written by somebody who is online: every verb in one transaction. */
import { type Change, changeDocument, reaches, reachIn, recordAct, type Scope } from '../access/index.js';
import { DartwingError, type FieldError } from '../errors.js';
import { seriesName, uuidv7 } from '../ids.js';
import { canonicalJson } from '../json.js';
import { findSensitive, graveKinds } from '../sensitive.js';
import { type ChangeRow, type DocumentRow, findExisting, nextNumbers } from './change-queries.js';
import { type Data, type Doctype, refuseTooLarge } from './doctype.js';
import { type Document, documentOf, without } from './document.js';
import { project, recordReads } from './projector.js';
import type { Registry } from './registry.js';
import { requireUnrestricted } from './restriction.js';
import { findDocument, lockDocuments, writeChanges } from './store.js';
import { isName, isPlain } from './values.js';

export type DocumentChange = Change<Document>;

export interface CreateInput {
  /** Made by the server when absent, and always where it makes the names. */
  name?: string | undefined;
  data: Data;
}

/**
 * Creates a document.
 * @throws DOCTYPE_UNKNOWN, DOCUMENT_READ_ONLY, VALIDATION_ERROR, DOCUMENT_NAME_INVALID, DOCUMENT_EXISTS, LINK_INVALID,
 * ATTACHMENT_MISSING, PERMISSION_DENIED, FIELDS_DENIED
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
  await requireUnrestricted(scope, { doctype, name: input.name ?? '', data });
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
  await requireUnrestricted(scope, { doctype, name: ref.name, data: changes });
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
  await requireUnrestricted(scope, { doctype, name: ref.name, data: {} });
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
  await requireUnrestricted(scope, { doctype, name: ref.name, data: {} });
  const row = await write(scope, registry, next(before, 'undelete'));
  return changed(scope, doctype, registry, 'undelete', before, row!);
}

/** A doctype whose documents are written here. @throws DOCTYPE_UNKNOWN, DOCUMENT_READ_ONLY */
export function requireWritable(registry: Registry, name: string): Doctype {
  const doctype = registry.get(name);
  if (doctype.isRecord) throw new DartwingError('DOCUMENT_READ_ONLY', { doctype: name });
  return doctype;
}

/** Whose a new document is. */
export function ownerOfNew({ principal }: Scope, { definition }: Doctype, data: Data): string | null {
  const named = definition.owner_field === undefined ? null : data[definition.owner_field];
  if (typeof named === 'string') return named;
  return principal.type === 'person' ? principal.id : null;
}

/** Whose it is after a change; undefined when the change says nothing about it. */
export function ownerOfChange({ definition }: Doctype, changes: Data): string | null | undefined {
  const field = definition.owner_field;
  if (field === undefined || !Object.hasOwn(changes, field)) return undefined;
  return (changes[field] as string | null) ?? null;
}

/** The name of a new document: the client's, or one that the server makes. */
export async function nameFor(scope: Scope, doctype: Doctype, given: string | undefined): Promise<string> {
  const { naming } = doctype.definition;
  if (naming.rule !== 'series') return given ?? uuidv7(scope.clock.now());
  const [number] = await nextNumbers(scope.tx, 1);
  return seriesName(naming, number!, scope.clock.now());
}

export function nameInvalid(name: unknown): DartwingError {
  return new DartwingError('DOCUMENT_NAME_INVALID', { name: JSON.stringify(name)?.slice(0, 80) ?? 'none' });
}

/** Fields of new data that say something. */
export function filled(data: Data): string[] {
  return Object.keys(data).filter((field) => {
    const value = data[field];
    return value !== null && value !== false && !(Array.isArray(value) && value.length === 0);
  });
}

/** @throws FIELDS_DENIED that names the fields the principal may not set */
export function requireFields(
  scope: Scope,
  action: string,
  doctype: Doctype,
  fields: readonly string[],
  name: string,
): void {
  const { hidden, readOnly } = reachIn(scope, action, doctype.name);
  const denied = fields.filter((field) => hidden.has(field) || readOnly.has(field));
  if (denied.length === 0) return;
  throw new DartwingError(
    'FIELDS_DENIED',
    { actor: scope.principal.id, fields: denied.join(', '), ref: `${doctype.name}/${name}` },
    { fields: denied.map((path) => ({ path, message: 'may not be changed in your role' })) },
  );
}

/** @throws LINK_INVALID, ATTACHMENT_MISSING */
async function requireLinks(scope: Scope, doctype: Doctype, data: Data, before: Data = {}): Promise<void> {
  if (!doctype.hasLinks) return;
  const links = doctype.linksOf({ ...before, ...data }).filter(({ path }) => path.split('.')[0]! in data);
  const found = await findExisting(scope.tx, scope.tx.organization!, links);
  const missing = links.find((link) => !found.has(`${link.doctype}/${link.name}`));
  if (missing !== undefined) throw linkMissing(missing);
}

export function linkMissing(link: {
  path: string;
  doctype: string;
  name: string;
  isFile: boolean;
}): DartwingError {
  const { path, isFile } = link;
  const fields = [{ path, message: `names ${link.doctype} ${link.name}, which is not there` }];
  const params = { field: path, doctype: link.doctype, name: link.name };
  return new DartwingError(isFile ? 'ATTACHMENT_MISSING' : 'LINK_INVALID', params, { fields });
}

function requireRight(
  scope: Scope,
  action: string,
  doctype: Doctype,
  document: { name: string; owner: string | null },
): void {
  if (reaches(reachIn(scope, action, doctype.name), document)) return;
  throw denied(scope, action, `${doctype.name}/${document.name || '*'}`);
}

export function denied(scope: Scope, action: string, ref: string): DartwingError {
  return new DartwingError('PERMISSION_DENIED', { actor: scope.principal.id, action, ref });
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

/** @throws VALIDATION_ERROR when there is something wrong */
export function refuse(wrong: readonly FieldError[]): void {
  const [one] = wrong;
  if (one === undefined) return;
  throw new DartwingError('VALIDATION_ERROR', { message: `${one.path} ${one.message}` }, { fields: wrong });
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

async function changed(
  scope: Scope,
  doctype: Doctype,
  registry: Registry,
  action: 'create' | 'update' | 'delete' | 'undelete',
  old: DocumentRow | null,
  current: DocumentRow,
): Promise<DocumentChange> {
  const organization = scope.tx.organization!;
  const { before, after } = await shownSides(
    scope,
    registry,
    doctype,
    old,
    action === 'delete' ? null : current,
  );
  const sensitive = sensitiveFields(doctype);
  const warnings = after === null ? [] : warningsOf(doctype, old, current);
  const audit = await recordAct(
    scope,
    organization,
    `document.${action}`,
    { doctype: doctype.name, name: current.name, organization, owner: current.owner ?? undefined },
    {
      old: before && !before.deleted ? without(old!.data, sensitive) : null,
      new: after && without(current.data, sensitive),
      isPhi: doctype.isPhi,
      subject: subjectOf(doctype, current.data),
    },
  );
  await scope.events.publish(scope, 'documents.changed', {
    organization,
    doctypes: [doctype.name],
    names: [current.name],
  });
  return changeDocument(scope, {
    op: action === 'create' || action === 'delete' ? action : 'update',
    ref: `document/${doctype.name}/${current.name}`,
    before,
    after,
    audit,
    ...(warnings.length === 0 ? {} : { warnings }),
  });
}

/** Both sides of a change as the caller sees them; whoever changes health information is shown it. */
async function shownSides(
  scope: Scope,
  registry: Registry,
  doctype: Doctype,
  old: DocumentRow | null,
  current: DocumentRow | null,
): Promise<{ before: Document | null; after: Document | null }> {
  const reach = reachIn(scope, 'read', doctype.name);
  const side = (row: DocumentRow | null) =>
    row && documentOf(scope.tx.organization!, row, project(scope, doctype, reach, row));
  const [before, after] = [side(old), side(current)];
  await recordReads(
    scope,
    registry,
    [before, after].filter((document) => document !== null),
  );
  return { before, after };
}

async function unchanged(
  scope: Scope,
  registry: Registry,
  doctype: Doctype,
  row: DocumentRow,
): Promise<DocumentChange> {
  const { after: document } = await shownSides(scope, registry, doctype, null, row);
  const ref = `document/${doctype.name}/${row.name}`;
  return changeDocument(scope, { op: 'none', ref, before: document, after: document, audit: null });
}

/** Fields that are not sealed and look as if they should be. The text itself is not repeated. */
function warningsOf(
  { fields, sealedPaths }: Doctype,
  old: DocumentRow | null,
  current: DocumentRow,
): string[] {
  const sealed = new Set(sealedPaths.map(([field]) => field));
  return Object.entries(current.data).flatMap(([field, value]) => {
    if (typeof value !== 'string' || sealed.has(field) || value === old?.data[field] || !fields.has(field))
      return [];
    const kinds = new Set(findSensitive(value, graveKinds).map(({ kind }) => kind));
    return kinds.size === 0
      ? []
      : [`${field} looks as if it held sensitive data (${[...kinds].join(', ')}), and is not marked as such`];
  });
}

/** Whom a document is about, where its doctype says so. */
function subjectOf({ definition }: Doctype, data: Data): string | undefined {
  const named = definition.subject.map((field) => data[field]).find((value) => typeof value === 'string');
  return named as string | undefined;
}

/** Fields whose values do not belong into the audit trail, which nobody may erase. */
function sensitiveFields({ phiFields, sealedPaths }: Doctype): ReadonlySet<string> {
  return new Set([...phiFields.map((path) => path.split('.')[0]!), ...sealedPaths.map(([field]) => field)]);
}
