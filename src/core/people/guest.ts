/** Guests: members for a time, who may only read. `org_member.guest_until` says who is one. */
import { authorize, type OrganizationFacts, type Scope } from '../access/index.js';
import { limits } from '../limits.js';
import { type EndedGuest, findEndedGuests } from './guest-queries.js';
import { removeMember } from './member.js';

export type { EndedGuest };

/** Guests whose time has come at `now`, the longest overdue first; at most `limits.endingBatchMax`. */
export async function listEndedGuests(scope: Scope, now: Date): Promise<EndedGuest[]> {
  authorize(scope, 'read', { doctype: 'Org Member', name: '*' });
  return findEndedGuests(scope.tx, now, limits.endingBatchMax);
}

/** Ends a guest's membership and grants. @throws as `removeMember` */
export async function endGuest(
  scope: Scope,
  organization: OrganizationFacts,
  guest: EndedGuest,
): Promise<void> {
  await removeMember(scope, organization, guest.person);
}
