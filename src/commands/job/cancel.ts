import { actOnEach, bulkAnswer, callOfMany } from '../bulk.js';
import { readIds } from '../ids.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  const ids = await readIds(context, args.id);
  const dartwing = await context.open();
  const question = ids.length === 1 ? `Cancel ${ids[0]}?` : `Cancel ${ids.length} jobs?`;
  await context.approve({ danger: 'moderate', question, name: ids[0] ?? '' });
  const organization = context.currentOrganization();
  const words = { op: 'job.cancel', title: 'Canceling jobs', past: 'canceled', total: ids.length };
  const many = await actOnEach(context, ids, words, (id) =>
    dartwing.jobs.cancel(id, { organization }, callOfMany(context)),
  );
  return bulkAnswer(context, many, words);
};
