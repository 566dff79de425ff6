/** What a person's record allows. Pure. */
import { DartwingError } from '../errors.js';
import type { PersonRow } from './person-document.js';

/**
 * Lets a write on the record pass, or refuses it: a merged person never changes again, and a minor's record waits
 * for consent. Capturing consent and the fields that provisioning keeps do not ask here.
 * @throws PERSON_MERGED, MINOR_LOCKED
 */
export function refuseLocked(person: PersonRow): void {
  if (person.status === 'merged') throw new DartwingError('PERSON_MERGED', { ref: person.id });
  if (person.is_minor && !person.consent_captured)
    throw new DartwingError('MINOR_LOCKED', { ref: person.id });
}

/** Which identity a unique index protects, as an error of its own that names the field. */
export function identityTaken(
  constraint: string | undefined,
  given: {
    primary_email?: string | null | undefined;
    keycloak_user_id?: string | null | undefined;
    frappe_user?: string | null | undefined;
  },
): DartwingError | undefined {
  const taken = (
    code: 'PERSON_EMAIL_TAKEN' | 'PERSON_EXTERNAL_ID_TAKEN' | 'PERSON_USER_TAKEN',
    path: string,
    value: string,
  ) =>
    new DartwingError(
      code,
      { [path === 'primary_email' ? 'email' : path]: value },
      { fields: [{ path, message: 'belongs to another person' }] },
    );
  switch (constraint) {
    case 'person_primary_email':
      return taken('PERSON_EMAIL_TAKEN', 'primary_email', given.primary_email ?? '');
    case 'person_keycloak_user':
      return taken('PERSON_EXTERNAL_ID_TAKEN', 'keycloak_user_id', given.keycloak_user_id ?? '');
    case 'person_frappe_user':
    case 'user_account_person':
    case 'user_account_pkey':
      return taken('PERSON_USER_TAKEN', 'frappe_user', given.frappe_user ?? given.primary_email ?? '');
    default:
      return undefined;
  }
}
