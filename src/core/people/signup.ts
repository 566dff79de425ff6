/** The first sign-in of somebody through an identity provider. */
import { z } from 'zod';
import { authorize, type Change, changeDocument, type Scope } from '../access/index.js';
import { duplicateConstraint } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { parseInput } from '../input.js';
import { limits } from '../limits.js';
import { createOrganization } from '../tenancy/index.js';
import { provisioned } from './account.js';
import { parseEmail } from './email.js';
import { followMerges } from './merge-queries.js';
import { insertIfMissing, recordPerson } from './person.js';
import { fullName, type PersonDocument, type PersonRow, personDocument } from './person-document.js';
import { lockPerson, lockPersonBySubject, type PersonSet, updatePersonRow } from './person-queries.js';
import { identityTaken, refuseLocked } from './person-rules.js';

/** What the identity provider says of who signs in. */
export interface SignUpInput {
  /** Its id for the person, the claim `sub`. */
  sub: string;
  email: string;
  firstName?: string | undefined;
  lastName?: string | undefined;
  /** An address that nobody proved finds no person who exists. */
  emailVerified: boolean;
}

const names = z.object({
  sub: z.string().trim().min(1, 'must not be blank').max(255),
  firstName: z.string().trim().max(limits.nameCharsMax).optional(),
  lastName: z.string().trim().max(limits.nameCharsMax).optional(),
});

/**
 * The person who signs in: found by `sub`, else by the verified address, else made; with an account, a personal
 * organization of type Family and the membership of a supervisor in it. A second call changes nothing (`op: none`),
 * and two at once end with one of each.
 * @throws EMAIL_INVALID, VALIDATION_ERROR, PERSON_EMAIL_TAKEN (unverified, or signed in under another `sub`)
 */
export async function signUp(scope: Scope, input: SignUpInput): Promise<Change<PersonDocument>> {
  const email = parseEmail(input.email);
  const { sub, firstName, lastName } = parseInput(names, {
    sub: input.sub,
    firstName: input.firstName,
    lastName: input.lastName,
  });
  authorize(scope, 'signup', { doctype: 'Person', name: email });
  const { found, start } = await findOrMake(scope, { sub, email, firstName, lastName }, input.emailVerified);
  const person = await settle(scope, start, sub);
  const after = personDocument(person);
  if (found && person.version === found.version && person.frappe_user === found.frappe_user)
    return changeDocument(scope, {
      op: 'none',
      ref: `person/${person.id}`,
      before: after,
      after,
      audit: null,
    });
  const before = found ? personDocument(found) : null;
  const audit = await recordPerson(scope, 'signup', before, after);
  return changeDocument(scope, {
    op: found ? 'update' : 'create',
    ref: `person/${person.id}`,
    before,
    after,
    audit,
  });
}

/** Who signs in, and whether somebody was `found` who was there before. */
async function findOrMake(
  scope: Scope,
  who: { sub: string; email: string; firstName: string | undefined; lastName: string | undefined },
  verified: boolean,
): Promise<{ found: PersonRow | undefined; start: PersonRow }> {
  const { sub, email, firstName, lastName = '' } = who;
  const find = () => findSignedIn(scope, sub, email, verified);
  const known = await find();
  if (known) return { found: known, start: known };
  const [mailbox = email] = email.split('@');
  const made = await insertIfMissing(scope, {
    primary_email: email,
    first_name: firstName || mailbox,
    last_name: lastName,
    source: 'signup',
    keycloak_user_id: sub,
  });
  if (made) return { found: undefined, start: made };
  // Another call made the person between our look and our insert, and has committed.
  const found = await find();
  if (found) return { found, start: found };
  throw identityTaken('person_keycloak_user', { keycloak_user_id: sub })!;
}

/** By `sub`, else by an address that is theirs. */
async function findSignedIn(
  scope: Scope,
  sub: string,
  email: string,
  verified: boolean,
): Promise<PersonRow | undefined> {
  const bySubject = await lockPersonBySubject(scope.tx, sub);
  if (bySubject) return unmerged(scope, bySubject);
  const byEmail = await lockPerson(scope.tx, email);
  if (byEmail === undefined) return undefined;
  const why = verified
    ? 'They sign in under another id of the identity provider'
    : 'The identity provider has not verified that it belongs to whoever signs in';
  const person = await unmerged(scope, byEmail);
  // Another sign-in of the same `sub` may have committed between the two look-ups.
  if (person.keycloak_user_id === sub) return person;
  if (!verified || person.keycloak_user_id !== null)
    throw new DartwingError('PERSON_EMAIL_TAKEN', { email, why });
  return person;
}

/** Whoever was merged signs in as the person they became. */
async function unmerged(scope: Scope, person: PersonRow): Promise<PersonRow> {
  if (person.status !== 'merged') return person;
  const target = await followMerges(scope.tx, person.id);
  const winner = target === undefined ? undefined : await lockPerson(scope.tx, target);
  if (winner === undefined) throw new DartwingError('PERSON_MERGED', { ref: person.id });
  return winner;
}

/** Adds what is missing: the id at the identity provider, the account, the personal organization. */
async function settle(scope: Scope, start: PersonRow, sub: string): Promise<PersonRow> {
  const known =
    start.keycloak_user_id === null ? await setColumns(scope, start, { keycloak_user_id: sub }) : start;
  const person = await provisioned(scope, known);
  if (person.personal_org !== null) return person;
  return setColumns(scope, person, { personal_org: await foundHome(scope, person) });
}

/** The personal organization: a Family whose supervisor is the person. Its slug follows from the person's id. */
async function foundHome(scope: Scope, person: PersonRow): Promise<string> {
  const { after } = await createOrganization(scope, {
    slug: `home-${person.id.toLowerCase()}`,
    type: 'family',
    name: fullName(person).slice(0, limits.nameCharsMax),
    owner: person.primary_email,
  });
  return after!.id;
}

async function setColumns(scope: Scope, person: PersonRow, set: PersonSet): Promise<PersonRow> {
  refuseLocked(person);
  const at = scope.clock.now();
  return updatePersonRow(scope.tx, person.id, set, at, scope.principal.id).catch((error: unknown) => {
    throw identityTaken(duplicateConstraint(error), set) ?? error;
  });
}
