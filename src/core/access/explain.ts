/** Explaining a decision about somebody else, for operators. */
import { DartwingError } from '../errors.js';
import { authorize, organizationOf } from './authorize.js';
import type { Contexts } from './contexts.js';
import { type Decision, explainDecision } from './decision.js';
import type { Ref } from './principal.js';
import { selectOrganization, selectPerson, selectStanding } from './queries.js';
import { findRecords } from './records.js';
import type { Scope } from './scope.js';
import { recordSources } from './sources.js';

export interface ExplainInput {
  /** Id or e-mail address. */
  person: string;
  action: string;
  /** `Doctype/name` */
  ref: string;
  /** Id or slug, for kinds of documents that cannot be looked up. */
  organization?: string | undefined;
}

/**
 * Tells whether a person may do something and which layer decided. A kind of document that is not known here is
 * judged by its organization.
 * @throws VALIDATION_ERROR, PERSON_NOT_FOUND, ORGANIZATION_NOT_FOUND, RECORD_NOT_FOUND, DOCTYPE_UNKNOWN,
 * PERMISSION_DENIED
 */
export async function explain(scope: Scope, contexts: Contexts, input: ExplainInput): Promise<Decision> {
  const ref = parseRef(input.ref);
  authorize(scope, 'read', { doctype: 'Permission Event', name: '*' });
  const person = await selectPerson(scope.tx, input.person.trim());
  if (person === undefined) throw new DartwingError('PERSON_NOT_FOUND', { ref: input.person.slice(0, 80) });
  const found = await locate(scope, ref, input.organization);
  const context = await contexts.read(scope.tx, person.id);
  const standing = await selectStanding(scope.tx, person.id, organizationOf(found) ?? null);
  return explainDecision({ email: person.email, action: input.action, ref: found, context, standing });
}

/** @throws VALIDATION_ERROR */
function parseRef(text: string): Ref {
  const [doctype = '', ...name] = text.split('/');
  if (doctype !== '' && name.join('/') !== '') return { doctype, name: name.join('/') };
  throw new DartwingError('VALIDATION_ERROR', {
    message: `"${text.slice(0, 80)}" is not a document: write Doctype/name, for example Equipment/EQ-00001`,
  });
}

async function locate(scope: Scope, ref: Ref, organization: string | undefined): Promise<Ref> {
  const id = organization === undefined ? undefined : await requireOrganizationId(scope, organization);
  if (ref.doctype === 'Person') return locatePerson(scope, ref, id);
  if (!recordSources.has(ref.doctype) && (id !== undefined || ref.doctype === 'Role Template'))
    return { ...ref, organization: id };
  const found = (await findRecords(scope.tx, [ref]))(ref);
  if (found === undefined) throw new DartwingError('RECORD_NOT_FOUND', { ref: `${ref.doctype}/${ref.name}` });
  return found;
}

async function locatePerson(scope: Scope, ref: Ref, organization: string | undefined): Promise<Ref> {
  const person = await selectPerson(scope.tx, ref.name);
  if (person === undefined) throw new DartwingError('PERSON_NOT_FOUND', { ref: ref.name.slice(0, 80) });
  return { ...ref, name: person.id, organization };
}

async function requireOrganizationId(scope: Scope, ref: string): Promise<string> {
  const id = await selectOrganization(scope.tx, ref);
  if (id === undefined)
    throw new DartwingError('ORGANIZATION_NOT_FOUND', { ref: ref.slice(0, 80), suggestion: '' });
  return id;
}
