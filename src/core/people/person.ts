/** Making and finding persons: one human across organizations, known by one e-mail address. */
import {
  authorize,
  type Change,
  changeDocument,
  isAuthorized,
  recordAct,
  type Scope,
} from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { duplicateConstraint } from '../db/index.js';
import { DartwingError, type FieldError } from '../errors.js';
import { seriesId } from '../ids.js';
import { provisioned } from './account.js';
import { linkAccount } from './account-queries.js';
import { parseEmail } from './email.js';
import { type PersonDocument, type PersonRow, personDocument } from './person-document.js';
import { type CreatePersonInput, type ParsedPerson, parsePerson } from './person-input.js';
import {
  findPerson,
  insertMissingPerson,
  insertPerson,
  lockPerson,
  type NewPerson,
  nextPersonNumber,
  nextPersonNumberFor,
} from './person-queries.js';
import { identityTaken } from './person-rules.js';

/**
 * Makes a person. A minor may be made before any consent. An address that exists gives PERSON_EMAIL_TAKEN, or
 * `op: none` with `ifNotExists` and the same values.
 * @throws VALIDATION_ERROR, EMAIL_INVALID, PHONE_INVALID, PERSON_EMAIL_TAKEN, PERSON_EXTERNAL_ID_TAKEN,
 * PERSON_USER_TAKEN, PERSON_DIFFERS, PERMISSION_DENIED
 */
export async function createPerson(scope: Scope, input: CreatePersonInput): Promise<Change<PersonDocument>> {
  const parsed = await parsePerson(input);
  authorize(scope, 'create', { doctype: 'Person', name: parsed.primary_email });
  const existing = await findPerson(scope.tx, parsed.primary_email);
  if (existing && input.ifNotExists) return acceptExisting(scope, existing, parsed);
  const inserted = await insertPerson(scope.tx, await newPerson(scope, parsed)).catch((error: unknown) => {
    throw identityTaken(duplicateConstraint(error), parsed) ?? error;
  });
  const person = await withAccount(scope, inserted, parsed.frappe_user ?? undefined);
  const after = personDocument(person);
  const audit = await recordPerson(scope, 'create', null, after);
  return changeDocument(scope, { op: 'create', ref: `person/${person.id}`, before: null, after, audit });
}

/**
 * The person of an address, locked; made as an invited one when there is none. Two transactions that make the same
 * person at once end with one.
 * @throws EMAIL_INVALID, PERSON_MERGED
 */
export async function ensurePerson(scope: Scope, address: string): Promise<PersonRow> {
  const email = parseEmail(address);
  // Asked together: the owner of a new organization is usually new too.
  const [known, number] = await Promise.all([
    lockPerson(scope.tx, email),
    nextPersonNumberFor(scope.tx, email),
  ]);
  const [firstName = email] = email.split('@');
  const person =
    known ??
    (await insertOrFind(
      scope,
      { primary_email: email, first_name: firstName, last_name: '', source: 'invite' },
      number,
    ));
  if (person.status === 'merged') throw new DartwingError('PERSON_MERGED', { ref: email });
  return person;
}

/**
 * A new person, or the one of this address that another transaction has made meanwhile; locked either way.
 * @param number of the series, where one was taken already
 */
export async function insertOrFind(
  scope: Scope,
  fields: Omit<NewPerson, 'id' | 'at' | 'by'>,
  number?: string,
): Promise<PersonRow> {
  const person =
    (await insertIfMissing(scope, fields, number)) ?? (await lockPerson(scope.tx, fields.primary_email));
  if (person !== undefined) return person;
  // The address is free, so it was the id at the identity provider that met somebody.
  throw identityTaken('person_keycloak_user', fields)!;
}

/** A new person; undefined where another transaction has just made one with one of these identities. */
export async function insertIfMissing(
  scope: Scope,
  fields: Omit<NewPerson, 'id' | 'at' | 'by'>,
  number?: string,
): Promise<PersonRow | undefined> {
  const inserted = await insertMissingPerson(scope.tx, await newPerson(scope, fields, number));
  if (inserted) await recordPerson(scope, 'create', null, personDocument(inserted));
  return inserted;
}

/** The row of a person by id or e-mail address; `lock` holds it until the transaction ends. @throws PERSON_NOT_FOUND */
export async function requirePerson(scope: Scope, ref: string, lock = false): Promise<PersonRow> {
  const person = lock ? await lockPerson(scope.tx, ref.trim()) : await findPerson(scope.tx, ref.trim());
  if (person === undefined) throw new DartwingError('PERSON_NOT_FOUND', { ref: ref.slice(0, 254) });
  return person;
}

/**
 * The same for a caller who may read the person. One who may not gets one answer whether there is such a person or not:
 * nobody learns here which addresses are taken.
 * @throws PERSON_NOT_FOUND, PERMISSION_DENIED
 */
export async function requireReadablePerson(scope: Scope, ref: string, lock = false): Promise<PersonRow> {
  const named = ref.trim();
  const person = lock ? await lockPerson(scope.tx, named) : await findPerson(scope.tx, named);
  const readable = isAuthorized(scope, 'read', { doctype: 'Person', name: person?.id ?? named });
  if (!readable) authorize(scope, 'read', { doctype: 'Person', name: named.slice(0, 254) });
  if (person === undefined) throw new DartwingError('PERSON_NOT_FOUND', { ref: ref.slice(0, 254) });
  return person;
}

/** Tells the trail of the installation, where persons belong, what became of one. */
export function recordPerson(
  scope: Scope,
  action: string,
  old: PersonDocument | null,
  current: PersonDocument | null,
): Promise<string> {
  const name = (current ?? old)!.id;
  return recordAct(scope, systemOrganization, action, { doctype: 'Person', name }, { old, new: current });
}

async function newPerson(
  scope: Scope,
  fields: Omit<NewPerson, 'id' | 'at' | 'by'>,
  number?: string,
): Promise<NewPerson> {
  const at = scope.clock.now();
  const id = seriesId('person', number ?? (await nextPersonNumber(scope.tx)), at);
  return { ...fields, id, at, by: scope.principal.id };
}

/** Links the account that was asked for; whoever signs in by an identity provider gets one without asking. */
async function withAccount(scope: Scope, person: PersonRow, name: string | undefined): Promise<PersonRow> {
  if (name !== undefined) {
    const linked = await linkAccount(scope.tx, person.id, scope.clock.now(), name);
    if (linked === undefined) throw identityTaken('person_frappe_user', { frappe_user: name })!;
    return (await findPerson(scope.tx, person.id))!;
  }
  return person.keycloak_user_id === null ? person : provisioned(scope, person);
}

/** Equal values are accepted; what the input does not name is not compared. */
function acceptExisting(scope: Scope, row: PersonRow, parsed: ParsedPerson): Change<PersonDocument> {
  const document = personDocument(row);
  const fields: FieldError[] = Object.entries(parsed)
    .filter(([key, want]) => want !== undefined && (want ?? null) !== (row[key as keyof PersonRow] ?? null))
    .map(([path]) => ({ path, message: `is ${JSON.stringify(row[path as keyof PersonRow] ?? null)}` }));
  if (row.status === 'merged') fields.push({ path: 'status', message: 'is merged' });
  if (fields.length > 0) throw new DartwingError('PERSON_DIFFERS', { ref: row.primary_email }, { fields });
  return changeDocument(scope, {
    op: 'none',
    ref: `person/${row.id}`,
    before: document,
    after: document,
    audit: null,
  });
}
