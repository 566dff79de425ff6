import { numberFlag, textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { ListDocument, VerbRun } from '../spec.js';
import { inviteTable } from './answer.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const input = {
    state: textFlag(flags, 'state'),
    limit: numberFlag(flags, 'limit', 1, 500),
    offset: numberFlag(flags, 'offset', 0, 1_000_000_000),
  };
  const dartwing = await context.open();
  const list = await dartwing.invitations.list(organization, input);
  return {
    list: list as unknown as ListDocument,
    table: inviteTable,
    empty: `No invitations. Invite somebody: dartwing invite create <email> --org ${organization} --role <role>`,
    footer: `dartwing invite show <id> --org ${organization}`,
  };
};
