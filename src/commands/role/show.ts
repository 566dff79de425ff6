import type { VerbRun } from '../spec.js';
import { roleTable } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open({ selfTest: 'version' });
  return { document: { ...(await dartwing.people.role.show(String(args.role))) }, table: roleTable };
};
