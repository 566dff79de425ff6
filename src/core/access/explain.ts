/** Explaining a decision about somebody else, for operators. */
import { DartwingError } from '../errors.js';
import { actWords } from './actions.js';
import { authorize, organizationOf } from './authorize.js';
import type { Contexts } from './contexts.js';
import { type Decision, explainDecision } from './decision.js';
import { judgedKinds } from './kinds.js';
import type { Ref } from './principal.js';
import { selectDocuments, selectOrganization, selectPerson, selectStanding } from './queries.js';
import { findRecords } from './records.js';
import type { Scope } from './scope.js';
import { recordSources } from './sources.js';

export interface ExplainInput {
  /** Id or e-mail address. */
  person: string;
  action: string;
  /** `Doctype/name` */
  ref: string;
  /** Id or slug: where the document is, for kinds that cannot be looked up and names that several organizations use. */
  organization?: string | undefined;
}

/** What an explanation is made with. */
export interface ExplainParts {
  contexts: Contexts;
  /** Whether there is a doctype of that name, whose documents lie in the one table of documents. */
  isDoctype(name: string): boolean;
}

/**
 * Tells whether a person may do something and which layer decided. `Doctype/*` asks about documents of that kind in
 * general.
 * @throws VALIDATION_ERROR, PERSON_NOT_FOUND, ORGANIZATION_NOT_FOUND, RECORD_NOT_FOUND, DOCTYPE_UNKNOWN,
 * PERMISSION_DENIED
 */
export async function explain(scope: Scope, parts: ExplainParts, input: ExplainInput): Promise<Decision> {
  const ref = parseRef(input.ref);
  if (!actWords.includes(input.action))
    throw new DartwingError('VALIDATION_ERROR', {
      message: `"${input.action.slice(0, 40)}" is not an action: ${actWords.join(', ')}`,
    });
  authorize(scope, 'read', { doctype: 'Permission Event', name: '*' });
  const person = await selectPerson(scope.tx, input.person.trim());
  if (person === undefined) throw new DartwingError('PERSON_NOT_FOUND', { ref: input.person.slice(0, 80) });
  const found = await locate(scope, parts, ref, input.organization);
  const context = await parts.contexts.read(scope.tx, person.id);
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

async function locate(
  scope: Scope,
  { isDoctype }: ExplainParts,
  ref: Ref,
  organization: string | undefined,
): Promise<Ref> {
  const id = organization === undefined ? undefined : await requireOrganizationId(scope, organization);
  const { doctype, name } = ref;
  if (doctype === 'Person') return locatePerson(scope, ref, id);
  const isRecord = recordSources.has(doctype);
  if (!isRecord && !isDoctype(doctype) && !judgedKinds.has(doctype))
    throw new DartwingError('DOCTYPE_UNKNOWN', {
      doctype: doctype.slice(0, 80),
      known: [...recordSources.keys(), ...judgedKinds].sort().join(', '),
    });
  if (judgedKinds.has(doctype) || (name === '*' && id !== undefined)) return { ...ref, organization: id };
  const found = isRecord ? (await findRecords(scope.tx, [ref]))(ref) : await locateDocument(scope, ref, id);
  if (found === undefined || (id !== undefined && organizationOf(found) !== id))
    throw new DartwingError('RECORD_NOT_FOUND', { ref: `${doctype}/${name.slice(0, 140)}` });
  return found;
}

/** @throws VALIDATION_ERROR when several organizations have a document of that name */
async function locateDocument(scope: Scope, ref: Ref, organization: string | undefined) {
  const [found, another] = await selectDocuments(scope.tx, ref, organization);
  if (another !== undefined)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `${ref.doctype}/${ref.name} is in several organizations: say which one with --org`,
    });
  return found && { ...ref, organization: found.organization, owner: found.owner ?? undefined };
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
