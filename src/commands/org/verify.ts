import { reportAnswer, scopeOf } from '../report.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const ref = scopeOf(args.org, flags.all === true, context.currentOrganization());
  const dartwing = await context.open();
  return reportAnswer(
    await whileShown(context, 'Verifying organizations', () => dartwing.tenancy.verify(ref)),
    ref ?? 'All organizations',
  );
};
