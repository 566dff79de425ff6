import { callOf } from '../call.js';
import { changed } from '../change.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const doctype = String(args.doctype);
  const change = await dartwing.privacy.retention.remove(organization, doctype, callOf(context));
  return changed(change, `${doctype} of ${organization} is kept until somebody deletes it`);
};
