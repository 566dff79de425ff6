import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { inviteTable } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const invitation = await dartwing.invitations.show(organization, String(args.id));
  return { document: { ...invitation }, table: inviteTable };
};
