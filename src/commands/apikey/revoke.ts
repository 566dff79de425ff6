import { callOf } from '../call.js';
import { change } from '../change.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  context.reason('Revoking an API key');
  const organization = requireCurrent(context);
  const id = String(args.key);
  const dartwing = await context.open();
  const { name } = await dartwing.identity.apiKeys.show(organization, id);
  await context.approve({ danger: 'moderate', question: `Revoke API key ${id} (${name})?`, name: id });
  const {
    op,
    ref,
    before,
    after,
    audit,
    dry_run: dryRun,
  } = await dartwing.identity.apiKeys.revoke(organization, id, callOf(context));
  return change({ op, ref, before, after, audit, dryRun, sentence: `API key ${id} is revoked` });
};
