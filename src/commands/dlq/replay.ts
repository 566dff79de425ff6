import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { type ManyJobs, type QueueName, workerLost } from '../../core/jobs/index.js';
import { bulkAnswer, callOfMany, unaskedMax } from '../bulk.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { readData } from '../data-file.js';
import { rateFlag, textFlag } from '../flag-values.js';
import { loadModules } from '../modules.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';
import { type Choice, choiceOf, flagsOf, idsOrAll, wordsOf } from './choice.js';

export const run: VerbRun = async (context, parsed) => {
  const { flags } = parsed;
  const ids = await idsOrAll(context, parsed);
  const perSecond = rateFlag(flags, 'rate');
  const file = textFlag(flags, 'dataFile');
  if (file !== undefined && ids?.length !== 1)
    throw new DartwingError('VALIDATION_ERROR', {
      message: '--data-file changes the input of exactly one job',
    });
  const input = await readData(context, file);
  const choice = choiceOf(context, flags);
  const dartwing = await context.open();
  // The rules of the type say what its input may be.
  if (input !== undefined) await loadModules(context, dartwing);
  const found = ids === undefined ? await measure(context, dartwing, choice) : { total: ids.length };
  if (found.total > unaskedMax)
    await context.approve({
      danger: 'moderate',
      question: `Replay ${found.total} dead letters ${ids === undefined ? wordsOf(choice) : ''}?`.replace(
        ' ?',
        '?',
      ),
      name: 'all',
    });

  // Of those that fail again while this runs none is replayed twice, and none by the command that goes on.
  const query = { ...choice, until: choice.until ?? found.until };
  const rate = textFlag(flags, 'rate');
  const words = {
    op: 'dlq.replay',
    title: 'Replaying dead letters',
    past: 'replayed',
    total: found.total,
    ...(ids === undefined ? { resume: resumeOf(query, rate, textFlag(flags, 'toQueue')) } : {}),
  };
  const progress =
    found.total > 1
      ? startProgress(context.io, { title: words.title, total: found.total, op: words.op })
      : undefined;
  let many: ManyJobs;
  try {
    many = await dartwing.jobs.deadLetters.replayMany(
      ids ?? query,
      {
        organization: choice.organization,
        perSecond,
        signal: context.signal,
        queue: textFlag(flags, 'toQueue') as QueueName | undefined,
        ...(input === undefined ? {} : { input }),
        onEach: (done, failed) => progress?.update(done + failed),
      },
      callOfMany(context),
    );
  } finally {
    progress?.end();
  }
  const { left } = many;
  if (left.length > 0) {
    context.io.note(`${left.length} left as they were: their workers died of them`);
    context.io.note(
      `Replay them too: ${['dartwing dlq replay --all', ...flagsOf({ ...choice, error: workerLost })].join(' ')}`,
    );
  }
  const answer = bulkAnswer(context, many, words);
  return ids === undefined && 'document' in answer
    ? { ...answer, document: { ...answer.document, left: left.map((ref) => ({ ref })) } }
    : answer;
};

/** How many would be replayed, and the moment behind the newest that was found. */
async function measure(
  context: CommandContext,
  dartwing: Dartwing,
  choice: Choice,
): Promise<{ total: number; until?: Date }> {
  const { items } = await dartwing.jobs.deadLetters.list({ ...choice, by: ['error'] }, callOf(context));
  const meant = items.filter(({ error }) => choice.error !== undefined || error !== workerLost);
  const total = meant.reduce((sum, { count }) => sum + count, 0);
  const newest = Math.max(...items.map((group) => Date.parse(group.newest)));
  return items.length === 0 ? { total } : { total, until: new Date(newest + 1) };
}

function resumeOf(query: Choice, rate: string | undefined, queue: string | undefined): string {
  return [
    'dartwing dlq replay --all',
    ...flagsOf(query),
    ...(query.until === undefined ? [] : ['--until', query.until.toISOString()]),
    ...(rate === undefined ? [] : ['--rate', rate]),
    ...(queue === undefined ? [] : ['--to-queue', queue]),
  ].join(' ');
}
