import type { VerbRun } from '../spec.js';
import { inviteTable, organizationOf } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = organizationOf(context);
  const dartwing = await context.open();
  const invitation = await dartwing.invitations.show(organization, String(args.id));
  return { document: { ...invitation }, table: inviteTable };
};
