/** Restriction of processing (GDPR Art. 18): what an organization has of a person is kept, and nobody changes it. */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { requireOrganization } from '../tenancy/index.js';
import {
  deleteRestriction,
  findRestriction,
  insertRestriction,
  type RestrictionRow,
} from './retention-queries.js';
import { requireSubject } from './subject.js';

/** A restriction. */
export interface Restriction {
  person: string;
  org: string;
  reason: string;
  since: string;
  by: string;
}

/**
 * From now on documents about a person are neither changed, added nor deleted, and retention passes them by.
 * @throws ORGANIZATION_NOT_FOUND, PERSON_NOT_FOUND, REASON_REQUIRED, PERMISSION_DENIED
 */
export async function restrict(scope: Scope, ref: string, personRef: string): Promise<Change<Restriction>> {
  const { tx, clock, principal } = scope;
  const { organization, person, known } = await lookUp(scope, ref, personRef);
  const { id, slug } = organization;
  if (known !== undefined) {
    const same = documentOf(slug, known);
    return changeDocument(scope, { op: 'none', ref: refOf(person), before: same, after: same, audit: null });
  }
  const row = { person, reason: scope.reason!.trim(), since: clock.now(), by: principal.id };
  await insertRestriction(tx, id, row);
  const after = documentOf(slug, row);
  const about = { doctype: 'Person', name: person, organization: id };
  const audit = await recordAct(scope, id, 'person.restrict', about, { new: { since: after.since } });
  return changeDocument(scope, { op: 'create', ref: refOf(person), before: null, after, audit });
}

/** @throws as restricting, RESTRICTION_NOT_FOUND */
export async function release(scope: Scope, ref: string, personRef: string): Promise<Change<Restriction>> {
  const { organization, person, known } = await lookUp(scope, ref, personRef);
  const { id, slug } = organization;
  if (known === undefined) throw new DartwingError('RESTRICTION_NOT_FOUND', { person, org: slug });
  await deleteRestriction(scope.tx, id, person);
  const before = documentOf(slug, known);
  const about = { doctype: 'Person', name: person, organization: id };
  const audit = await recordAct(scope, id, 'person.release', about, { old: { since: before.since } });
  return changeDocument(scope, { op: 'delete', ref: refOf(person), before, after: null, audit });
}

async function lookUp(scope: Scope, ref: string, personRef: string) {
  const organization = await requireOrganization(scope, ref);
  const { id: person } = await requireSubject(scope, personRef, true);
  authorize(scope, 'administer', { doctype: 'Organization', name: organization.id });
  if ((scope.reason ?? '').trim() === '')
    throw new DartwingError('REASON_REQUIRED', { action: 'Restricting processing, or lifting that' });
  return { organization, person, known: await findRestriction(scope.tx, organization.id, person) };
}

function refOf(person: string): string {
  return `restriction/${person}`;
}

function documentOf(org: string, { since, ...row }: RestrictionRow): Restriction {
  return { ...row, org, since: since.toISOString() };
}
