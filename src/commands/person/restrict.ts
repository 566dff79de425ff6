import { callOf } from '../call.js';
import { changed } from '../change.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  context.reason('Restricting processing');
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const change = await dartwing.privacy.restriction.set(organization, String(args.person), callOf(context));
  return changed(change, `What ${organization} has of ${args.person} is kept, and nobody changes it`);
};
