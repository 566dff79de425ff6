import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';
import { organizationChange } from './answer.js';
import { namedOrganization } from './named.js';

export const run: VerbRun = async (context, { args }) => {
  context.reason('Restoring an organization');
  const dartwing = await context.open();
  const change = await dartwing.tenancy.restore(namedOrganization(context, args.org), callOf(context));
  return organizationChange(
    context,
    change,
    `Organization ${change.after?.slug} is ${change.after?.status.state}`,
  );
};
