/** Merging two records of one human: the winner keeps everything, the loser is left as a trace. */
import {
  authorize,
  type Change,
  changeDocument,
  type OrganizationFacts,
  recordAct,
  type Scope,
} from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { organizationFacts, requireOrganization } from '../tenancy/index.js';
import { provisioned } from './account.js';
import { deleteGrants, enableAccount, insertMissingGrants } from './account-queries.js';
import { type MemberDocument, memberDocument } from './member-document.js';
import { lockMember, updateMember } from './member-queries.js';
import {
  giveMembership,
  giveReferences,
  insertMergeLog,
  lockMemberships,
  type MergedMember,
  retirePerson,
} from './merge-queries.js';
import { unitedTerms } from './merge-rules.js';
import { recordPerson, requireReadablePerson } from './person.js';
import { type PersonDocument, type PersonRow, personDocument } from './person-document.js';
import { findMerges, findPerson, lockPerson, mirrorPerson, updatePersonRow } from './person-queries.js';
import { refuseLocked } from './person-rules.js';

/** The answer of a merge. */
export interface MergeChange extends Change<PersonDocument> {
  source: string;
  target: string;
  /** Rows that have another person now, by kind: memberships, grants, officers, equipment, … */
  moved: Record<string, number>;
}

/**
 * Gives everything that names `loserRef` to `winnerRef`: memberships (where both were members, the winner's row stays
 * under the better terms and the loser's ends), places in concrete records, the records of rooms above, and the sign-in
 * when the winner has none. The loser's grants go, the loser's record becomes `merged` for ever. All or nothing.
 * @param notes kept in the winner's merge log
 * @throws PERSON_NOT_FOUND, VALIDATION_ERROR (one person twice), PERSON_MERGED, MINOR_LOCKED, PROCESSING_RESTRICTED,
 * PERMISSION_DENIED
 */
export async function mergePersons(
  scope: Scope,
  winnerRef: string,
  loserRef: string,
  notes?: string,
): Promise<MergeChange> {
  const { winner, loser } = await lockBoth(scope, winnerRef, loserRef);
  authorize(scope, 'merge', { doctype: 'Person', name: winner.id });
  authorize(scope, 'merge', { doctype: 'Person', name: loser.id });
  refuseLocked(winner);
  refuseLocked(loser);
  for (const { id } of [winner, loser]) await scope.events.publish(scope, 'person.changing', { person: id });
  const before = personDocument(winner);
  const touched = await uniteMemberships(scope, winner, loser);
  const given = await giveReferences(scope.tx, loser.id, winner.id);
  const at = scope.clock.now();
  const by = scope.principal.id;
  await retirePerson(scope.tx, loser.id, at, by);
  const kept = await passOn(scope, winner, loser);
  const lost = await deleteGrants(scope.tx, loser.id);
  await enableAccount(scope.tx, loser.id, false);
  await insertMissingGrants(scope.tx, kept.id, at);
  await insertMergeLog(scope.tx, {
    winner: winner.id,
    loser: loser.id,
    at,
    by,
    notes: notes?.slice(0, limits.reasonCharsMax) ?? scope.reason ?? null,
  });
  const moved = { memberships: touched.length, grants: lost.length * 2, ...given.moved };
  await scope.events.publish(scope, 'person.merging', { winner: winner.id, loser: loser.id, moved });
  await tellOrganizations(scope, {
    winner: winner.id,
    loser: loser.id,
    touched,
    others: given.organizations,
  });
  const after = personDocument(
    (await findPerson(scope.tx, winner.id))!,
    await findMerges(scope.tx, winner.id),
  );
  await recordPerson(scope, 'merged', personDocument(loser), await retired(scope, loser));
  const audit = await recordPerson(scope, 'merge', before, after);
  const change = { op: 'update', ref: `person/${winner.id}`, before, after, audit } as const;
  return { ...changeDocument(scope, change), source: loser.id, target: winner.id, moved };
}

/** Both rows, locked in the order of their ids, so that two merges of the same persons queue up. */
async function lockBoth(
  scope: Scope,
  winnerRef: string,
  loserRef: string,
): Promise<{ winner: PersonRow; loser: PersonRow }> {
  const [{ id: winnerId }, { id: loserId }] = await Promise.all([
    requireReadablePerson(scope, winnerRef),
    requireReadablePerson(scope, loserRef),
  ]);
  if (winnerId === loserId)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `${winnerRef} and ${loserRef} are one person already`,
    });
  const rows = new Map<string, PersonRow | undefined>();
  for (const id of [winnerId, loserId].sort()) rows.set(id, await lockPerson(scope.tx, id));
  return { winner: rows.get(winnerId)!, loser: rows.get(loserId)! };
}

/** One membership as it was for the two and as it is for the winner. */
interface UnitedMembership {
  organization: string;
  old: MemberDocument[];
  member: MemberDocument;
}

async function uniteMemberships(
  scope: Scope,
  winner: PersonRow,
  loser: PersonRow,
): Promise<UnitedMembership[]> {
  const rows = await lockMemberships(scope.tx, [winner.id, loser.id]);
  const mine = new Map(rows.filter((row) => row.person === winner.id).map((row) => [row.organization, row]));
  const theirs = rows.filter((row) => row.person === loser.id);
  const old = theirs.map((row) => documentsOf([mine.get(row.organization), row]));
  for (const row of theirs) await uniteOne(scope, winner.id, mine.get(row.organization), row);
  await mirrorPerson(scope.tx, winner.id);
  const united: UnitedMembership[] = [];
  for (const [index, { organization }] of theirs.entries()) {
    const row = (await lockMember(scope.tx, organization, winner.id))!;
    united.push({ organization, old: old[index]!, member: memberDocument(row, row.is_supervisor) });
  }
  return united;
}

async function uniteOne(
  scope: Scope,
  winner: string,
  mine: MergedMember | undefined,
  theirs: MergedMember,
): Promise<void> {
  const at = scope.clock.now();
  if (mine === undefined) return giveMembership(scope.tx, theirs, winner, at);
  await updateMember(scope.tx, mine, unitedTerms(mine, theirs), at);
  if (theirs.status === 'inactive') return;
  const today = at.toISOString().slice(0, 10);
  const end_date = today > theirs.start_date ? today : theirs.start_date;
  await updateMember(scope.tx, theirs, { ...theirs, status: 'inactive', end_date }, at);
}

/** The winner takes over what only one can have: the sign-in and the personal organization, where there is none. */
async function passOn(scope: Scope, winner: PersonRow, loser: PersonRow): Promise<PersonRow> {
  const set = {
    ...(winner.keycloak_user_id === null && loser.keycloak_user_id !== null
      ? { keycloak_user_id: loser.keycloak_user_id }
      : {}),
    ...(winner.personal_org === null && loser.personal_org !== null
      ? { personal_org: loser.personal_org }
      : {}),
  };
  const kept = await updatePersonRow(scope.tx, winner.id, set, scope.clock.now(), scope.principal.id);
  const needsAccount = kept.keycloak_user_id !== null || loser.frappe_user !== null;
  return needsAccount ? provisioned(scope, kept) : kept;
}

/** Each organization learns in its own trail, and rooms above by an event, that somebody has another name there. */
async function tellOrganizations(
  scope: Scope,
  merge: { winner: string; loser: string; touched: readonly UnitedMembership[]; others: readonly string[] },
): Promise<void> {
  for (const { organization, old, member } of merge.touched) {
    const facts = await factsOf(scope, organization);
    for (const person of [merge.winner, merge.loser])
      await scope.events.publish(scope, 'member.changed', { organization: facts, person, member: member.id });
    const ref = { doctype: 'Org Member', name: member.id, organization };
    await recordAct(scope, organization, 'member.merge', ref, { old, new: member });
  }
  const told = new Set(merge.touched.map(({ organization }) => organization));
  for (const organization of merge.others.filter((other) => !told.has(other))) {
    const ref = { doctype: 'Person', name: merge.winner };
    const change = { old: { person: merge.loser }, new: { person: merge.winner } };
    await recordAct(scope, organization, 'person.merge', ref, change);
  }
}

async function factsOf(scope: Scope, organization: string): Promise<OrganizationFacts> {
  return organizationFacts(await requireOrganization(scope, organization));
}

async function retired(scope: Scope, loser: PersonRow): Promise<PersonDocument> {
  return personDocument((await findPerson(scope.tx, loser.id))!, await findMerges(scope.tx, loser.id));
}

function documentsOf(rows: readonly (MergedMember | undefined)[]): MemberDocument[] {
  return rows.filter((row) => row !== undefined).map((row) => memberDocument(row, row.is_supervisor));
}
