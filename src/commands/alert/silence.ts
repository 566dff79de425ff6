import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { actOnEach, bulkAnswer, callOfMany } from '../bulk.js';
import { callOf } from '../call.js';
import { change } from '../change.js';
import type { CommandContext } from '../context.js';
import { durationFlag } from '../flag-values.js';
import type { VerbResult, VerbRun } from '../spec.js';
import { listOf, silenceTable } from './answer.js';

const forMsDefault = 7_200_000;

export const run: VerbRun = async (context, { args, flags }): Promise<VerbResult> => {
  const act = args.act as 'add' | 'list' | 'end';
  const words = (args.match ?? []) as readonly string[];
  if (act !== 'list' && words.length === 0)
    throw new DartwingError('VALIDATION_ERROR', {
      message:
        act === 'add' ? 'say what to silence: rule=dead_letters' : 'say which silence to end, by its id',
    });
  if (act === 'add') context.reason('Silencing alerts');
  const dartwing = await context.open({ selfTest: 'version' });
  if (act === 'end') return end(context, dartwing, words);
  if (act === 'list')
    return {
      list: listOf('AlertSilenceList', await dartwing.alerts.silences(callOf(context))),
      table: silenceTable,
      empty: 'Nothing is silenced.',
    };
  const forMs = durationFlag(flags, 'for') ?? forMsDefault;
  const silence = await dartwing.alerts.silence({ matchers: matchersOf(words), forMs }, callOf(context));
  return change({
    op: 'create',
    ref: `alert-silence/${silence.id}`,
    before: null,
    after: silence,
    dryRun: context.global.dryRun,
    sentence: `${words.join(' ')} is quiet until ${silence.until}`,
    undo: `dartwing alert silence end ${silence.id}`,
  });
};

async function end(
  context: CommandContext,
  { alerts }: Dartwing,
  ids: readonly string[],
): Promise<VerbResult> {
  const words = { op: 'alert.silence.end', title: 'Ending silences', past: 'ended', total: ids.length };
  const many = await actOnEach(context, ids, words, (id) => alerts.endSilence(id, callOfMany(context)));
  return bulkAnswer(context, many, words);
}

/** @throws VALIDATION_ERROR */
function matchersOf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([a-z_]+)=(.+)$/.exec(word) ?? [];
      if (name === undefined || value === undefined)
        throw new DartwingError('VALIDATION_ERROR', {
          message: `"${word.slice(0, 40)}" is not a match such as rule=dead_letters`,
        });
      return [name, value];
    }),
  );
}
