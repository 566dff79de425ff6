import { callOf } from '../call.js';
import { durationFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { made, requirePlaceForSecret } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const id = String(args.key);
  const graceMs = durationFlag(flags, 'grace');
  requirePlaceForSecret(context, flags.showOnce === true);
  const dartwing = await context.open();
  const { name } = await dartwing.identity.apiKeys.show(organization, id);
  await context.approve({ danger: 'moderate', question: `Rotate API key ${id} (${name})?`, name: id });
  const key = await dartwing.identity.apiKeys.rotate(organization, id, { graceMs }, callOf(context));
  const until = key.change.after?.status.former_until;
  const former = until ? `opens until ${until}` : 'is closed';
  return made(context, key, `API key ${id} has another secret, shown this once; the former one ${former}`);
};
