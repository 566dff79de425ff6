import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { threeWay } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open({ selfTest: 'version' });
  const conflict = await dartwing.sync.conflicts.show(organization, String(args.id));
  return { document: { ...conflict }, table: { columns: [], sentence: threeWay(conflict) } };
};
