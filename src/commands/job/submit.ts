import type { Priority } from '../../core/jobs/index.js';
import { callOf } from '../call.js';
import { change } from '../change.js';
import { readData } from '../data-file.js';
import { textFlag, timeFlag } from '../flag-values.js';
import { loadModules } from '../modules.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const type = String(args.type);
  const organization = requireCurrent(context);
  const options = {
    priority: textFlag(flags, 'priority') as Priority | undefined,
    dependsOn: textFlag(flags, 'after'),
    runAt: timeFlag(flags, 'runAt', new Date()),
    ifNotExists: flags.ifNotExists === true,
  };
  const input = await readData(context, textFlag(flags, 'dataFile'));
  const dartwing = await context.open();
  await loadModules(context, dartwing);
  const { job, created } = await dartwing.jobs.submit(organization, type, input, options, callOf(context));
  const after = { api_version: 'dartwing/v1', ...job };
  const sentence = created
    ? `${job.id} (${type}) is submitted for ${job.org}`
    : `${job.id} is the same and ${job.state}`;
  return change({
    op: created ? 'create' : 'none',
    ref: `job/${job.id}`,
    before: created ? null : after,
    after,
    dryRun: context.global.dryRun,
    sentence,
    next: context.global.dryRun ? [] : [`dartwing job watch ${job.id}`],
  });
};
