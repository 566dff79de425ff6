import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { type ManyJobs, type QueueName, workerLost } from '../../core/jobs/index.js';
import { limits } from '../../core/limits.js';
import { bulkAnswer, callOfMany, unaskedMax } from '../bulk.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { readData } from '../data-file.js';
import { numberFlag, rateFlag, textFlag } from '../flag-values.js';
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
  const limit = numberFlag(flags, 'limit', 1, limits.replaysMax);
  if (limit !== undefined && ids !== undefined)
    throw new DartwingError('VALIDATION_ERROR', { message: '--limit goes with --all' });
  const input = await readData(context, file);
  const choice = choiceOf(context, flags);
  const dartwing = await context.open();
  // The rules of the type say what its input may be.
  if (input !== undefined) await loadModules(context, dartwing);
  const found = ids === undefined ? await measure(context, dartwing, choice, limit) : { total: ids.length };
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
        limit,
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
  const rest = limit === undefined ? undefined : found.total - many.done.length - many.failed.length;
  const answer = bulkAnswer(context, many, {
    ...words,
    ...(ids === undefined ? { resume: resumeOf(query, rate, textFlag(flags, 'toQueue'), rest) } : {}),
  });
  return ids === undefined && 'document' in answer
    ? { ...answer, document: { ...answer.document, left: left.map((ref) => ({ ref })) } }
    : answer;
};

/** How many would be replayed, and the moment behind the newest that was found. */
async function measure(
  context: CommandContext,
  dartwing: Dartwing,
  choice: Choice,
  limit: number | undefined,
): Promise<{ total: number; until?: Date }> {
  const { items } = await dartwing.jobs.deadLetters.list({ ...choice, by: ['error'] }, callOf(context));
  const meant = items.filter(({ error }) => choice.error !== undefined || error !== workerLost);
  const all = meant.reduce((sum, { count }) => sum + count, 0);
  const total = Math.min(all, limit ?? all);
  const newest = Math.max(...items.map((group) => Date.parse(group.newest)));
  return items.length === 0 ? { total } : { total, until: new Date(newest + 1) };
}

function resumeOf(
  query: Choice,
  rate: string | undefined,
  queue: string | undefined,
  limit: number | undefined,
): string {
  return [
    'dartwing dlq replay --all',
    ...flagsOf(query),
    ...(query.until === undefined ? [] : ['--until', query.until.toISOString()]),
    ...(limit === undefined ? [] : ['--limit', String(limit)]),
    ...(rate === undefined ? [] : ['--rate', rate]),
    ...(queue === undefined ? [] : ['--to-queue', queue]),
  ].join(' ');
}
