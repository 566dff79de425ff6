import { callOf } from '../call.js';
import { changed } from '../change.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  context.reason('Lifting a restriction');
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const change = await dartwing.privacy.restriction.lift(organization, String(args.person), callOf(context));
  return changed(change, `Processing is no longer restricted for ${args.person} in ${organization}`);
};
