import { callOf } from '../call.js';
import { durationFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { organizationChange } from './answer.js';
import { namedOrganization } from './named.js';

const dayMs = 86_400_000;

export const run: VerbRun = async (context, { args, flags }) => {
  context.reason('Deleting an organization');
  const waitMs = durationFlag(flags, 'purgeAfter');
  const dartwing = await context.open();
  const { slug, id, status, legal_hold } = await dartwing.tenancy.show(namedOrganization(context, args.org));
  await context.approve({
    danger: 'severe',
    question: `Delete org ${slug}?`,
    name: slug,
    consequences: [
      `${id} with ${status.members} active members becomes unusable at once`,
      `Its data are purged after ${waitMs === undefined ? '30 days' : `${waitMs / dayMs} days`}; until then: dartwing org restore ${slug}`,
      legal_hold ? 'It is under legal hold: this will be refused' : 'There is no legal hold on it',
    ],
  });
  const options = waitMs === undefined ? {} : { purgeAfterDays: waitMs / dayMs };
  const change = await dartwing.tenancy.dissolve(slug, options, callOf(context));
  return organizationChange(
    context,
    change,
    `Organization ${slug} is dissolved; its data are purged at ${change.after?.status.purge_at}`,
    [`dartwing org restore ${slug} --reason "…"  (until ${change.after?.status.purge_at})`],
  );
};
