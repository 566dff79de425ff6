/** What has to hold before a document is written: the right to it and to its fields, its name, what it refers to. */
import { reaches, reachIn, type Scope } from '../access/index.js';
import { DartwingError, type FieldError } from '../errors.js';
import { findExisting } from './change-queries.js';
import type { Data, Doctype } from './doctype.js';

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
export async function requireLinks(
  scope: Scope,
  doctype: Doctype,
  data: Data,
  before: Data = {},
): Promise<void> {
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

/** @throws PERMISSION_DENIED */
export function requireRight(
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

/** @throws VALIDATION_ERROR when there is something wrong */
export function refuse(wrong: readonly FieldError[]): void {
  const [one] = wrong;
  if (one === undefined) return;
  throw new DartwingError('VALIDATION_ERROR', { message: `${one.path} ${one.message}` }, { fields: wrong });
}
