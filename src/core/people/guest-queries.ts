/** Statements on guests, who are members until a moment. */
import type { Tx } from '../db/index.js';

/** A guest whose time is over. */
export interface EndedGuest {
  organization: string;
  person: string;
  email: string;
}

/** Sets until when a membership lasts as a guest's; null makes it one without end. */
export async function setGuestUntil(
  tx: Tx,
  organization: string,
  person: string,
  until: Date | null,
): Promise<void> {
  const text = `update org_member set guest_until = $3
    where organization = $1 and person = $2 and guest_until is distinct from $3`;
  await tx.query(text, [organization, person, until], 'dartwing_guest_set');
}

export async function findEndedGuests(tx: Tx, now: Date, limit: number): Promise<EndedGuest[]> {
  const text = `select organization, person, person_email as email from org_member
    where guest_until <= $1 and status = 'active' order by guest_until, organization, id limit $2`;
  return (await tx.query<EndedGuest>(text, [now, limit], 'dartwing_guests_ended')).rows;
}
