import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';
import { jobList, jobTable } from './answer.js';

export const run: VerbRun = async (context, { flags }) => {
  const dartwing = await context.open({ selfTest: 'version' });
  const items = await dartwing.jobs.stuck(callOf(context));
  return {
    list: jobList(items),
    findings: flags.check === true && items.length > 0,
    table: jobTable,
    empty: 'No job has run for more than twice its time.',
    footer: 'they become dead letters within 15 minutes',
  };
};
