import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context) => {
  const { dryRun } = context.global;
  const dartwing = await context.open();
  const { added, total } = await dartwing.people.role.seed(callOf(context));
  const qualifier = dryRun ? ' (dry run: nothing was written)' : '';
  return {
    document: { api_version: 'dartwing/v1', kind: 'RoleSeed', added, total_count: total, dry_run: dryRun },
    table: { columns: [], sentence: `${added} roles added, ${total} in all${qualifier}` },
  };
};
