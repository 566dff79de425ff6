import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { memberTable } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open({ selfTest: 'version' });
  const member = await dartwing.people.member.show(organization, String(args.person));
  return { document: { ...member }, table: memberTable };
};
