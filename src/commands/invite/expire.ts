import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';
import { inviteTable } from './answer.js';

export const run: VerbRun = async (context) => {
  const dartwing = await context.open();
  const items = await whileShown(context, 'Looking for what has run out', () =>
    dartwing.invitations.expire(context.currentOrganization(), callOf(context)),
  );
  return {
    list: {
      api_version: 'dartwing/v1',
      kind: 'InviteList',
      items: items.map((item) => ({ ...item })),
      total_count: items.length,
      dry_run: context.global.dryRun,
    },
    table: inviteTable,
    empty: 'No invitation has run out.',
  };
};
