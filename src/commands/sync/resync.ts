import { callOf } from '../call.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = requireCurrent(context);
  const device = String(args.client);
  const dartwing = await context.open();
  await context.approve({
    danger: 'moderate',
    question: `Make ${device} synchronize ${organization} again from the beginning?`,
    name: device,
  });
  const count = await dartwing.sync.resync(organization, device, callOf(context));
  const { dryRun } = context.global;
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Bulk',
      done: [{ ref: `client/${device}` }],
      failed: [],
      summary: { done: count, failed: 0 },
      dry_run: dryRun,
    },
    table: {
      columns: [],
      sentence: `${device} begins again with its next call${dryRun ? ' (dry run: nothing was written)' : ''}`,
    },
  };
};
