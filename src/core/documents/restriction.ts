/**
 * Documents about persons whose data may only be kept (GDPR Art. 18): nobody changes, deletes or adds one, until the
 * restriction is lifted. Reading goes on, since what is kept has to be found by whoever decides about it.
 */
import type { Scope } from '../access/index.js';
import type { Attempt } from './bars.js';
import { findData, listRestricted } from './restriction-queries.js';

/** Which of some attempts are about a restricted person, now or afterwards, and which person that is. */
export async function findRestricted(
  { tx }: Pick<Scope, 'tx'>,
  attempts: readonly Attempt[],
): Promise<Map<Attempt, string>> {
  const found = new Map<Attempt, string>();
  const about = attempts.filter(({ doctype }) => doctype.definition.subject.length > 0);
  if (about.length === 0) return found;
  const organization = tx.organization!;
  const persons = await listRestricted(tx, organization);
  if (persons.size === 0) return found;
  const kept = await findData(
    tx,
    organization,
    about.map(({ doctype, name }) => ({ doctype: doctype.name, name })),
  );
  for (const attempt of about) {
    const { doctype, name, data } = attempt;
    const before = kept.get(`${doctype.name}/${name}`) ?? {};
    const person = doctype.definition.subject
      .flatMap((field) => [before[field], data[field]])
      .find((value) => typeof value === 'string' && persons.has(value));
    if (person !== undefined) found.set(attempt, person as string);
  }
  return found;
}
