import { DartwingError } from '../../core/errors.js';
import type { ConflictDecision } from '../../core/index.js';
import { actOnEach, bulkAnswer, callOfMany, unaskedMax } from '../bulk.js';
import { readData } from '../data-file.js';
import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { choiceOf, idsOf, idsOrAll } from './choice.js';

export const run: VerbRun = async (context, parsed) => {
  const { flags } = parsed;
  context.reason('Resolving a conflict');
  const organization = requireCurrent(context);
  const choice = choiceOf(flags);
  const given = await idsOrAll(context, parsed);
  const value = await readData(context, textFlag(flags, 'valueFile'));
  const decision = decisionOf(textFlag(flags, 'take'), value);
  if (given === undefined && 'value' in decision)
    throw new DartwingError('VALIDATION_ERROR', { message: 'give either --all or --value-file' });
  const dartwing = await context.open();
  const ids = given ?? (await idsOf(dartwing, organization, choice));
  // What was chosen by a filter is more than a person has looked at.
  if (given === undefined ? ids.length > 0 : ids.length > unaskedMax)
    await context.approve({
      danger: 'moderate',
      question: `Decide ${ids.length} conflicts of ${organization}?`,
      name: choice.doctype ?? organization,
    });
  const words = { op: 'conflict.resolve', title: 'Resolving conflicts', past: 'resolved', total: ids.length };
  const many = await actOnEach(context, ids, words, (id) =>
    dartwing.sync.conflicts.resolve(organization, id, decision, callOfMany(context)),
  );
  return bulkAnswer(context, many, words);
};

function decisionOf(take: string | undefined, value: unknown): ConflictDecision {
  if ((take === undefined) === (value === undefined))
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'The decision',
      flag: 'either --take or --value-file',
    });
  if (take !== undefined) return { take: take as 'server' | 'client' | 'base' };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DartwingError('VALIDATION_ERROR', { message: 'The value is an object of fields' });
  return { value: value as Record<string, unknown> };
}
