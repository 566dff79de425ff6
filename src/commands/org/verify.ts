import { reportAnswer, scopeOf } from '../report.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const ref = scopeOf(args.org, flags.all === true, context.currentOrganization());
  const dartwing = await context.open();
  return reportAnswer(await dartwing.tenancy.verify(ref), ref ?? 'All organizations');
};
