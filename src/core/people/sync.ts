/** Asking again for a login account that could not be made. */
import { authorize, type Change, changeDocument, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import type { Provisioner } from './account.js';
import { recordPerson, requireReadablePerson } from './person.js';
import { type PersonDocument, personDocument } from './person-document.js';
import { findPerson } from './person-queries.js';

/**
 * Tries to make the account of a person now and begins the count of retries anew. A minor's locked record does not
 * stand in the way: only the fields of provisioning change.
 * @throws PERSON_NOT_FOUND, PERSON_MERGED, SYNC_NOT_NEEDED, PERMISSION_DENIED
 */
export async function syncPerson(
  scope: Scope,
  provisioner: Provisioner,
  ref: string,
): Promise<Change<PersonDocument>> {
  const row = await requireReadablePerson(scope, ref, true);
  authorize(scope, 'sync', { doctype: 'Person', name: row.id });
  if (row.status === 'merged') throw new DartwingError('PERSON_MERGED', { ref: row.id });
  const reason = whyNot(row);
  if (reason !== undefined) throw new DartwingError('SYNC_NOT_NEEDED', { ref: row.id, reason });
  const before = personDocument(row);
  await provisioner.begin(scope, row);
  const after = personDocument((await findPerson(scope.tx, row.id))!);
  const audit = await recordPerson(scope, 'sync', before, after);
  return changeDocument(scope, { op: 'update', ref: `person/${row.id}`, before, after, audit });
}

function whyNot(
  row: Pick<PersonDocument, 'frappe_user' | 'keycloak_user_id' | 'user_sync_status'>,
): string | undefined {
  if (row.frappe_user !== null) return 'there is an account already';
  const asked = row.keycloak_user_id !== null || row.user_sync_status !== null;
  return asked ? undefined : 'nobody has signed in as them and no account was asked for';
}
