import { DartwingError } from '../../core/errors.js';
import { actOnEach, bulkAnswer, callOfMany, unaskedMax } from '../bulk.js';
import { textFlag } from '../flag-values.js';
import { readIds } from '../ids.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const note = textFlag(flags, 'note') ?? '';
  if (note.trim() === '')
    throw new DartwingError('INPUT_REQUIRED', { what: 'What was done about it', flag: '--note "…"' });
  const ids = await readIds(context, args.id);
  const dartwing = await context.open();
  if (ids.length > unaskedMax)
    await context.approve({
      danger: 'moderate',
      question: `Resolve ${ids.length} dead letters?`,
      name: 'all',
    });
  const organization = context.currentOrganization();
  const words = { op: 'dlq.resolve', title: 'Resolving dead letters', past: 'resolved', total: ids.length };
  const many = await actOnEach(context, ids, words, (id) =>
    dartwing.jobs.deadLetters.resolve(id, note, { organization }, callOfMany(context)),
  );
  return bulkAnswer(context, many, words);
};
