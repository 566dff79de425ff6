/** Reminding. */
import { authorize, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { openOrganization, recordInvitation } from './create.js';
import { type InvitationDocument, invitationDocument, stateAt } from './document.js';
import { aboutOf, type Desk, letterOf, postLetter } from './letter.js';
import { type DueReminder, type InvitationRow, listDueReminders, updateInvitation } from './queries.js';
import { requireInvitation } from './show.js';
import type { Secret } from './token.js';

/**
 * Sends the invitation again, with a new link: the old one cannot be sent twice, since nobody knows it any more.
 * @throws INVITATION_NOT_FOUND, INVITATION_STATE, REMINDER_REFUSED (too soon, too often, or not sent by mail)
 */
export async function remindInvitee(
  scope: Scope,
  desk: Desk,
  ref: string,
  id: string,
  secret: Secret,
): Promise<InvitationDocument> {
  const organization = await openOrganization(scope, ref);
  authorize(scope, 'write', { doctype: 'Invitation', name: id, organization: organization.id });
  const row = await requireInvitation(scope, organization.id, id, true);
  const now = scope.clock.now();
  const state = stateAt(row, now);
  if (state !== 'pending') throw new DartwingError('INVITATION_STATE', { action: 'sent again', state });
  const before = invitationDocument(row, now, await letterOf(scope, row));
  refuseTooMany(row, now, before.status.mail !== 'no_transport');
  const reminded = await updateInvitation(
    scope.tx,
    row,
    { token_hash: secret.hash, reminder_count: row.reminder_count + 1, last_reminder_at: now },
    now,
  );
  await desk.outbox.cancel(scope, row.organization, aboutOf(row));
  await postLetter(scope, desk, organization, reminded, secret.token, true);
  const after = invitationDocument(reminded, now, await letterOf(scope, reminded));
  await recordInvitation(scope, 'remind', before, after);
  return after;
}

/**
 * What is to be sent again by the clock. Nothing without a mail server: a new link would end one that was handed over.
 * @throws PERMISSION_DENIED
 */
export async function findDueReminders(scope: Scope, { outbox }: Desk): Promise<DueReminder[]> {
  authorize(scope, 'write', { doctype: 'Invitation', name: '*' });
  if (!outbox.hasTransport) return [];
  const now = scope.clock.now().getTime();
  return listDueReminders(scope.tx, {
    quietSince: new Date(now - limits.reminderAutoMs),
    endsAfter: new Date(now + limits.reminderPauseMs),
    remindersMax: limits.remindersMax,
    limit: limits.endingBatchMax,
  });
}

function refuseTooMany(row: InvitationRow, now: Date, wasSent: boolean): void {
  if (row.kind !== 'email' && row.kind !== 'guest')
    throw new DartwingError('REMINDER_REFUSED', { message: 'it was not sent by mail' });
  if (row.reminder_count >= limits.remindersMax)
    throw new DartwingError('REMINDER_REFUSED', { message: `${limits.remindersMax} were sent already` });
  const last = row.last_reminder_at ?? row.created_at;
  const waitMs = last.getTime() + limits.reminderPauseMs - now.getTime();
  if (waitMs <= 0 || !wasSent) return;
  throw new DartwingError(
    'REMINDER_REFUSED',
    { message: 'the last mail is less than a day old' },
    { retryAfterMs: waitMs },
  );
}
