import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { detach } from '../detach.js';
import { durationFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';

const dayMs = 86_400_000;

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const keepMs = durationFlag(flags, 'keep');
  if (keepMs !== undefined && keepMs % dayMs !== 0)
    throw new DartwingError('VALIDATION_ERROR', { message: '--keep is a number of whole days: 30d' });
  const dartwing = await context.open();
  await context.approve({
    danger: 'moderate',
    question: `Forget old changes of ${organization}? Clients that were silent for longer begin again.`,
    name: organization,
  });
  const keepDays = keepMs === undefined ? undefined : keepMs / dayMs;
  if (flags.detach === true)
    return detach(context, dartwing, organization, 'operation.sync_compact', { keepDays });
  const done = await whileShown(context, 'Forgetting old changes', () =>
    dartwing.sync.compact(organization, keepDays, callOf(context)),
  );
  const { changes, tombstones, operations } = done;
  const dry = context.global.dryRun ? ' (dry run: nothing was written)' : '';
  return {
    document: { ...done },
    table: {
      columns: [],
      sentence: `${changes} changes, ${tombstones} tombstones and ${operations} answers are forgotten${dry}`,
    },
  };
};
