/** Persons: one human across organizations, known by one e-mail address. */
import { recordAct, type Scope } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { DartwingError } from '../errors.js';
import { seriesId } from '../ids.js';
import { ensureAccount, findPerson, insertPerson, nextPersonNumber, type PersonRow } from './queries.js';

/**
 * An address in the form in which it is kept: trimmed and in lower case. The check is that of HTML's e-mail field;
 * only a mail that arrives proves more.
 * @throws EMAIL_INVALID
 */
export function parseEmail(text: string): string {
  const email = text.trim().toLowerCase();
  const form =
    /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/;
  if (email.length > 254 || !form.test(email))
    throw new DartwingError('EMAIL_INVALID', { email: text.slice(0, 80) });
  return email;
}

/**
 * The person of an address, made when there is none, with a login account. Two transactions that make the same
 * person at once end with one.
 * @throws EMAIL_INVALID, PERSON_MERGED
 */
export async function ensurePerson(scope: Scope, address: string): Promise<PersonRow> {
  const email = parseEmail(address);
  const { tx } = scope;
  const at = scope.clock.now();
  let person = await findPerson(tx, email);
  if (person === undefined) {
    const id = seriesId('person', await nextPersonNumber(tx), at);
    const [firstName = email] = email.split('@');
    person = await insertPerson(tx, {
      id,
      email,
      firstName,
      lastName: '',
      source: 'invite',
      at,
      by: scope.principal.id,
    });
    if (person) {
      const { id: name, ...rest } = person;
      await recordAct(
        scope,
        systemOrganization,
        'create',
        { doctype: 'Person', name },
        { old: null, new: { name, ...rest } },
      );
    } else {
      person = (await findPerson(tx, email))!;
    }
  }
  if (person.status === 'merged') throw new DartwingError('PERSON_MERGED', { ref: email });
  if (person.frappe_user === null) {
    await ensureAccount(tx, person.id, email, at);
    person = { ...person, frappe_user: email };
  }
  return person;
}
