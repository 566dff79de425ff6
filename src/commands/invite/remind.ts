import { callOf } from '../call.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { inviteAnswer, tellMail } from './answer.js';
import { printLink, requireTerminal } from './link.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const showLink = flags.showLink === true;
  requireTerminal(context, showLink);
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const { invitation, link } = await dartwing.invitations.remind(
    organization,
    String(args.id),
    callOf(context),
  );
  tellMail(context, invitation);
  if (showLink) await printLink(context, link, false);
  return inviteAnswer(
    context,
    invitation,
    `${invitation.email} was reminded, for the ${ordinal(invitation.status.reminders)} time`,
  );
};

function ordinal(count: number): string {
  return ['first', 'second', 'third'][count - 1] ?? `${count}th`;
}
