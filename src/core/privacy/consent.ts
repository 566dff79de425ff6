/** What somebody agreed to, when, and when they took it back (GDPR Art. 7): events that are only added to. */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { uuidv7 } from '../ids.js';
import { parseChoice } from '../input.js';
import { limits } from '../limits.js';
import { requireOrganization } from '../tenancy/index.js';
import { type ConsentRow, findErasure, insertConsent, listConsentRows } from './queries.js';
import { requireSubject } from './subject.js';

export const consentCategories = ['essential', 'analytics', 'marketing', 'third_party'] as const;

/** One decision. */
export interface ConsentEvent {
  category: string;
  granted: boolean;
  /** Version of the terms that were shown. */
  terms: string | null;
  at: string;
  by: string;
  via: string;
}

/** The document `Consent`: what holds for a person in an organization, and how it came to be. */
export interface ConsentDocument {
  api_version: 'dartwing/v1';
  kind: 'Consent';
  person: string;
  org: string;
  /** Essential is what the service cannot do without; the others are off until somebody agrees. */
  granted: Record<(typeof consentCategories)[number], boolean>;
  history: ConsentEvent[];
}

export interface ConsentInput {
  category: string;
  granted: boolean;
  terms?: string | undefined;
}

/**
 * Gives or withdraws a consent. The same again is no event.
 * @throws PERSON_NOT_FOUND, PERSON_ERASED, ORGANIZATION_NOT_FOUND, VALIDATION_ERROR, PERMISSION_DENIED
 */
export async function decideConsent(
  scope: Scope,
  organizationRef: string,
  ref: string,
  input: ConsentInput,
): Promise<Change<ConsentDocument>> {
  const organization = await requireOrganization(scope, organizationRef);
  const { id: person } = await requireSubject(scope, ref, true);
  authorize(scope, 'write', { doctype: 'Person', name: person, owner: person });
  const erased = await findErasure(scope.tx, person);
  if (erased !== undefined) throw new DartwingError('PERSON_ERASED', { person, at: erased.toISOString() });
  const category = parseChoice('category', input.category, consentCategories)!;
  const { granted, terms = null } = input;
  if (typeof granted !== 'boolean' || (terms !== null && terms.length > limits.nameCharsMax))
    throw new DartwingError('VALIDATION_ERROR', {
      message: `granted is true or false, terms have at most ${limits.nameCharsMax} characters`,
    });
  if (category === 'essential' && !granted)
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'essential is what the service cannot do without: end the membership, or erase the person',
    });
  const rows = await listConsentRows(scope.tx, organization.id, person);
  const before = consentDocument(person, organization.slug, rows);
  const ref_ = `consent/${person}/${category}`;
  const newest = rows.find((row) => row.category === category);
  if (newest?.granted === granted && newest.terms === terms)
    return changeDocument(scope, { op: 'none', ref: ref_, before, after: before, audit: null });
  const at = scope.clock.now();
  const row: ConsentRow = {
    id: uuidv7(at),
    person,
    category,
    granted,
    terms,
    at,
    by: scope.principal.id,
    via: scope.via,
  };
  await insertConsent(scope.tx, organization.id, row);
  const after = consentDocument(person, organization.slug, [row, ...rows]);
  const audit = await recordAct(
    scope,
    organization.id,
    granted ? 'consent.give' : 'consent.withdraw',
    { doctype: 'Person', name: person, organization: organization.id },
    { old: { [category]: before.granted[category] }, new: { [category]: granted, terms } },
  );
  return changeDocument(scope, { op: 'update', ref: ref_, before, after, audit });
}

/** @throws PERSON_NOT_FOUND, ORGANIZATION_NOT_FOUND, PERMISSION_DENIED */
export async function readConsent(
  scope: Scope,
  organizationRef: string,
  ref: string,
): Promise<ConsentDocument> {
  const organization = await requireOrganization(scope, organizationRef);
  const { id: person } = await requireSubject(scope, ref);
  authorize(scope, 'read', { doctype: 'Person', name: person, owner: person });
  return consentDocument(person, organization.slug, await listConsentRows(scope.tx, organization.id, person));
}

function consentDocument(person: string, org: string, rows: readonly ConsentRow[]): ConsentDocument {
  const holds = (category: string) => rows.find((row) => row.category === category)?.granted ?? false;
  return {
    api_version: 'dartwing/v1',
    kind: 'Consent',
    person,
    org,
    granted: {
      essential: true,
      analytics: holds('analytics'),
      marketing: holds('marketing'),
      third_party: holds('third_party'),
    },
    history: rows.map(({ category, granted, terms, at, by, via }) => ({
      category,
      granted,
      terms,
      at: at.toISOString(),
      by,
      via,
    })),
  };
}
