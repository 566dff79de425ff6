/** Changing and deleting persons. */
import { authorize, type Change, changeDocument, type Scope } from '../access/index.js';
import { duplicateConstraint } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { requireOrganization } from '../tenancy/index.js';
import { provisioned } from './account.js';
import { enableAccount, linkAccount, renameAccount } from './account-queries.js';
import { recordPerson, requireReadablePerson } from './person.js';
import { type PersonDocument, type PersonRow, personDocument } from './person-document.js';
import { type ParsedChanges, type PersonChanges, parsePersonChanges } from './person-input.js';
import {
  countReferences,
  deletePersonRow,
  findPerson,
  mirrorPerson,
  type PersonSet,
  updatePersonRow,
} from './person-queries.js';
import { identityTaken, refuseLocked } from './person-rules.js';

/**
 * Changes what `changes` names and leaves the rest; values that are already so change nothing (`op: none`). Name and
 * address are mirrored in the memberships, and an account that is named by the address is renamed with it.
 * @param ifVersion refuse when the record is at another version
 * @throws PERSON_NOT_FOUND, VALIDATION_ERROR, EMAIL_INVALID, PHONE_INVALID, VERSION_MOVED, PERSON_MERGED, MINOR_LOCKED,
 * ORGANIZATION_NOT_FOUND, PERSON_EMAIL_TAKEN, PERSON_EXTERNAL_ID_TAKEN, PERSON_USER_TAKEN, PROCESSING_RESTRICTED (for others
 * than the person), PERMISSION_DENIED
 */
export async function updatePerson(
  scope: Scope,
  ref: string,
  changes: PersonChanges,
  ifVersion?: number,
): Promise<Change<PersonDocument>> {
  const parsed = await parsePersonChanges(changes);
  const row = await requireReadablePerson(scope, ref, true);
  authorize(scope, 'update', { doctype: 'Person', name: row.id });
  if (ifVersion !== undefined && ifVersion !== row.version) {
    throw new DartwingError('VERSION_MOVED', {
      ref: `person/${row.id}`,
      current: row.version,
      given: ifVersion,
    });
  }
  refuseLocked(row);
  const before = personDocument(row);
  const set = await changedColumns(scope, row, parsed);
  const account = accountName(row, parsed);
  if (Object.keys(set).length === 0 && account === undefined)
    return changeDocument(scope, { op: 'none', ref: `person/${row.id}`, before, after: before, audit: null });
  if (scope.principal.id !== row.id) await scope.events.publish(scope, 'person.changing', { person: row.id });
  const after = personDocument(await store(scope, row, set, account));
  const audit = await recordPerson(scope, 'update', before, after);
  return changeDocument(scope, { op: 'update', ref: `person/${row.id}`, before, after, audit });
}

/**
 * Deletes a person whom nothing names, with their account.
 * @throws PERSON_NOT_FOUND, PERSON_MERGED, MINOR_LOCKED, PERSON_REFERENCED with what there is, PROCESSING_RESTRICTED,
 * PERMISSION_DENIED
 */
export async function deletePerson(scope: Scope, ref: string): Promise<Change<PersonDocument>> {
  const row = await requireReadablePerson(scope, ref, true);
  authorize(scope, 'delete', { doctype: 'Person', name: row.id });
  refuseLocked(row);
  const counts = Object.entries(await countReferences(scope.tx, row.id)).filter(([, count]) => count > 0);
  const referenced = (references: string, cause?: unknown) =>
    new DartwingError('PERSON_REFERENCED', { ref: row.primary_email, references }, { cause });
  await scope.events.publish(scope, 'person.changing', { person: row.id });
  if (counts.length > 0) throw referenced(counts.map(([what, count]) => `${count} ${what}`).join(', '));
  await deletePersonRow(scope.tx, row.id).catch((error: unknown) => {
    // A foreign key of a room above, for instance equipment in somebody's hands.
    if ((error as { detail?: { sqlstate?: string } }).detail?.sqlstate !== '23503') throw error;
    throw referenced('records of another room', error);
  });
  const before = personDocument(row);
  const audit = await recordPerson(scope, 'delete', before, null);
  return changeDocument(scope, { op: 'delete', ref: `person/${row.id}`, before, after: null, audit });
}

const plainKeys = [
  'primary_email',
  'first_name',
  'last_name',
  'mobile_no',
  'keycloak_user_id',
  'status',
] as const;

async function changedColumns(scope: Scope, row: PersonRow, changes: ParsedChanges): Promise<PersonSet> {
  const home = changes.personal_org;
  const personalOrg =
    home === undefined || home === null ? home : (await requireOrganization(scope, home)).id;
  const wanted: PersonSet = Object.fromEntries(plainKeys.map((key) => [key, changes[key]]));
  if (personalOrg !== undefined) wanted.personal_org = personalOrg;
  return Object.fromEntries(
    Object.entries(wanted).filter(
      ([key, value]) => value !== undefined && value !== row[key as keyof PersonRow],
    ),
  );
}

/** What the account is to be called from now on; undefined where nothing changes. */
function accountName(row: PersonRow, changes: ParsedChanges): string | undefined {
  if (changes.frappe_user !== undefined)
    return changes.frappe_user === row.frappe_user ? undefined : changes.frappe_user;
  const follows = row.frappe_user !== null && row.frappe_user === row.primary_email;
  const moved = changes.primary_email !== undefined && changes.primary_email !== row.primary_email;
  return follows && moved ? changes.primary_email : undefined;
}

async function store(
  scope: Scope,
  row: PersonRow,
  set: PersonSet,
  account: string | undefined,
): Promise<PersonRow> {
  const { tx } = scope;
  const at = scope.clock.now();
  try {
    // Whoever proved the former address has not proven this one (requirements §4.1).
    const unproven =
      set.primary_email === undefined ? {} : { email_verified_at: null, email_proof_due: true };
    await updatePersonRow(tx, row.id, { ...set, ...unproven }, at, scope.principal.id);
    if (account !== undefined) await nameAccount(scope, row, account, at);
  } catch (error) {
    throw identityTaken(duplicateConstraint(error), { ...set, frappe_user: account }) ?? error;
  }
  if (set.primary_email ?? set.first_name ?? set.last_name) await mirrorPerson(tx, row.id);
  if (set.status !== undefined) await enableAccount(tx, row.id, set.status === 'active');
  if (set.primary_email !== undefined)
    await scope.events.publish(scope, 'person.unproven', {
      person: row.id,
      email: set.primary_email,
      former: row.primary_email,
      outcome: { mail: null },
    });
  const stored = (await findPerson(tx, row.id))!;
  return stored.keycloak_user_id === null ? stored : provisioned(scope, stored);
}

async function nameAccount(scope: Scope, row: PersonRow, name: string, at: Date): Promise<void> {
  if (row.frappe_user !== null) return renameAccount(scope.tx, row.id, name);
  const linked = await linkAccount(scope.tx, row.id, at, name);
  if (linked === undefined) throw identityTaken('person_frappe_user', { frappe_user: name })!;
}
