/** What follows from every change of a membership: accounts, grants, events, the trail. */
import {
  type Change,
  changeDocument,
  type OrganizationFacts,
  recordAct,
  type Scope,
} from '../access/index.js';
import { DartwingError } from '../errors.js';
import { insertGrants } from './account-queries.js';
import { type MemberDocument, type MemberRow, memberDocument } from './member-document.js';
import type { RatedMember } from './member-queries.js';
import type { PersonRow } from './person-document.js';

/** The answer of a verb on a membership. */
export interface MemberChange extends Change<MemberDocument> {
  /** How somebody came in: in a new row, or in the one of a former or pending membership. */
  action?: 'created' | 'reactivated';
  previous_status?: MemberRow['status'];
}

/** An active member gets an account, if none is there yet, and the two grants. */
export async function admit(scope: Scope, organization: OrganizationFacts, person: PersonRow): Promise<void> {
  if (person.status === 'merged') throw new DartwingError('PERSON_MERGED', { ref: person.id });
  await Promise.all([
    person.frappe_user === null && scope.events.publish(scope, 'person.unprovisioned', { person: person.id }),
    // An account that is made only later brings the grants along by a trigger.
    insertGrants(scope.tx, person.id, organization, scope.clock.now()),
  ]);
}

/** Tells rooms above and the trail what has changed, and makes the answer. */
export async function recordMember(
  scope: Scope,
  organization: OrganizationFacts,
  action: string,
  before: MemberDocument | null,
  current: RatedMember | undefined,
): Promise<MemberChange> {
  const after = current === undefined ? null : memberDocument(current, current.is_supervisor);
  const { id, person, email } = (after ?? before)!;
  await scope.events.publish(scope, 'member.changed', { organization, person, member: id });
  const audit = await recordAct(
    scope,
    organization.id,
    `member.${action}`,
    { doctype: 'Org Member', name: id, organization: organization.id },
    { old: before, new: after },
  );
  const op = after === null || action === 'remove' ? 'delete' : before === null ? 'create' : 'update';
  return changeDocument(scope, { op, ref: `member/${organization.slug}/${email}`, before, after, audit });
}

/** Today in UTC. */
export function dayOf(scope: Scope): string {
  return scope.clock.now().toISOString().slice(0, 10);
}
