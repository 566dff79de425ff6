import { callOf } from '../call.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { inviteAnswer } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const { id, email } = await dartwing.invitations.show(organization, String(args.id));
  const whom = email ?? 'whoever has its link';
  await context.approve({ danger: 'moderate', question: `Revoke the invitation of ${whom}?`, name: id });
  const invitation = await dartwing.invitations.revoke(organization, id, callOf(context));
  return inviteAnswer(context, invitation, `The invitation of ${whom} to ${organization} is revoked`);
};
