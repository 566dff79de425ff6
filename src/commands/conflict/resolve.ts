import { DartwingError } from '../../core/errors.js';
import type { ConflictDecision } from '../../core/index.js';
import { actOnEach, bulkAnswer, callOfMany } from '../bulk.js';
import { readData } from '../data-file.js';
import { textFlag } from '../flag-values.js';
import { readIds } from '../ids.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  context.reason('Resolving a conflict');
  const organization = requireCurrent(context);
  const ids = await readIds(context, args.id);
  const value = await readData(context, textFlag(flags, 'valueFile'));
  const decision = decisionOf(textFlag(flags, 'take'), value);
  const dartwing = await context.open();
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
