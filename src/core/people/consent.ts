/** Consent for minors. */
import { authorize, type Change, changeDocument, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { recordPerson, requirePerson, requireReadablePerson } from './person.js';
import { type PersonDocument, personDocument } from './person-document.js';
import { updatePersonRow } from './person-queries.js';
import { refuseLocked } from './person-rules.js';

/**
 * Notes that a guardian consents, which unlocks the record of a minor. The time is the server's.
 * @param guardian id or e-mail address of the person who consents; nobody consents for themselves
 * @throws PERSON_NOT_FOUND (either), PERSON_MERGED, CONSENT_NOT_NEEDED, CONSENT_CAPTURED, VALIDATION_ERROR,
 * MINOR_LOCKED (the guardian is one), PERMISSION_DENIED
 */
export async function captureConsent(
  scope: Scope,
  ref: string,
  guardian: string,
): Promise<Change<PersonDocument>> {
  const row = await requireReadablePerson(scope, ref, true);
  authorize(scope, 'capture_consent', { doctype: 'Person', name: row.id });
  if (row.status === 'merged') throw new DartwingError('PERSON_MERGED', { ref: row.id });
  if (!row.is_minor) throw new DartwingError('CONSENT_NOT_NEEDED', { ref: row.id });
  if (row.consent_captured) {
    const at = row.consent_timestamp?.toISOString() ?? 'an unknown time';
    throw new DartwingError('CONSENT_CAPTURED', { ref: row.id, at });
  }
  const adult = await requirePerson(scope, guardian);
  refuseLocked(adult);
  if (adult.id === row.id || adult.is_minor) {
    const message = 'guardian: is a grown-up other than the minor';
    throw new DartwingError('VALIDATION_ERROR', { message }, { fields: [{ path: 'guardian', message }] });
  }
  const at = scope.clock.now();
  const set = {
    consent_captured: true,
    consent_timestamp: at,
    consent_guardian: adult.id,
    consent_captured_by: scope.principal.id,
  };
  const before = personDocument(row);
  const after = personDocument(await updatePersonRow(scope.tx, row.id, set, at, scope.principal.id));
  const audit = await recordPerson(scope, 'consent', before, after);
  return changeDocument(scope, { op: 'update', ref: `person/${row.id}`, before, after, audit });
}
