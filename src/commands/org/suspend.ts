import { callOf } from '../call.js';
import { timeFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { organizationChange } from './answer.js';
import { namedOrganization } from './named.js';

export const run: VerbRun = async (context, { args, flags }) => {
  context.reason('Suspending an organization');
  const until = timeFlag(flags, 'until', new Date());
  const dartwing = await context.open();
  const { slug, status } = await dartwing.tenancy.show(namedOrganization(context, args.org));
  await context.approve({
    danger: 'moderate',
    question: `Suspend org ${slug} (${status.members} members)?`,
    name: slug,
  });
  const change = await dartwing.tenancy.suspend(slug, { until }, callOf(context));
  const end = until === undefined ? 'until it is restored' : `until ${until.toISOString()}`;
  return organizationChange(context, change, `Organization ${slug} is suspended ${end}`, [
    `dartwing org restore ${slug} --reason "…"`,
  ]);
};
