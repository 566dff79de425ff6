import { DartwingError } from '../../core/errors.js';
import { limits } from '../../core/limits.js';
import { callOf } from '../call.js';
import { durationFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';

const dayMs = 86_400_000;

export const run: VerbRun = async (context, { flags }) => {
  const olderMs = durationFlag(flags, 'olderThan') ?? limits.jobKeptDays * dayMs;
  if (olderMs % dayMs !== 0)
    throw new DartwingError('VALIDATION_ERROR', { message: '--older-than is a number of whole days: 30d' });
  const keptDays = olderMs / dayMs;
  const dartwing = await context.open();
  await context.approve({
    danger: 'moderate',
    question: `Delete jobs that ended more than ${keptDays} days ago, of every organization?`,
    name: 'all',
  });
  const { jobs, days_dropped } = await whileShown(context, 'Deleting ended jobs', () =>
    dartwing.jobs.cleanup({ keptDays }, callOf(context)),
  );
  const { dryRun } = context.global;
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Bulk',
      done: [{ ref: 'job/history', jobs, days_dropped }],
      failed: [],
      summary: { done: jobs, failed: 0 },
      dry_run: dryRun,
    },
    table: {
      columns: [],
      sentence: `${jobs} ended jobs deleted${dryRun ? ' (dry run: nothing was written)' : ''}`,
    },
  };
};
