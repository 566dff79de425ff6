import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import { pagedAnswer } from '../pages.js';
import type { VerbRun } from '../spec.js';
import { inviteTable } from './answer.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const state = textFlag(flags, 'state');
  const dartwing = await context.open();
  return pagedAnswer(context, flags, {
    kind: 'InviteList',
    pageMax: 500,
    page: (part) => dartwing.invitations.list(organization, { state, ...part }),
    table: inviteTable,
    empty: `No invitations. Invite somebody: dartwing invite create <email> --org ${organization} --role <role>`,
    footer: `dartwing invite show <id> --org ${organization}`,
  });
};
