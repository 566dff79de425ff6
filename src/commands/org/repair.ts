import { callOf } from '../call.js';
import { scopeOf } from '../report.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const ref = scopeOf(args.org, flags.all === true, context.currentOrganization());
  const dartwing = await context.open();
  await context.approve({
    danger: 'moderate',
    question: `Repair ${ref ?? 'all organizations'}?`,
    name: ref ?? 'all',
  });
  const report = await dartwing.tenancy.repair(ref, callOf(context));
  const mended = report.findings.map((finding) => finding.what);
  const verb = context.global.dryRun ? 'would be mended (dry run: nothing was written)' : 'mended';
  return {
    document: { ...report, dry_run: context.global.dryRun },
    table: {
      columns: [],
      sentence: mended.length === 0 ? 'Nothing to mend' : [...mended, `${mended.length} ${verb}`].join('\n'),
    },
  };
};
