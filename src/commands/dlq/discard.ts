import type { Dartwing } from '../../core/index.js';
import type { DeadLetterPlace } from '../../core/jobs/index.js';
import { limits } from '../../core/limits.js';
import { actOnEach, bulkAnswer, callOfMany } from '../bulk.js';
import type { CommandContext } from '../context.js';
import type { VerbRun } from '../spec.js';
import { type Choice, choiceOf, idsOrAll, wordsOf } from './choice.js';

export const run: VerbRun = async (context, parsed) => {
  context.reason('Discarding dead letters');
  const given = await idsOrAll(context, parsed);
  const choice = choiceOf(context, parsed.flags);
  const dartwing = await context.open();
  const ids = given ?? (await idsOf(context, dartwing, choice));
  if (given === undefined && ids.length > 0) await approveAll(context, choice, ids.length);
  else if (ids.length > 0) {
    const question = ids.length === 1 ? `Discard ${ids[0]}?` : `Discard ${ids.length} dead letters?`;
    await context.approve({ danger: 'moderate', question, name: ids[0]! });
  }
  const { organization } = choice;
  const words = { op: 'dlq.discard', title: 'Discarding dead letters', past: 'discarded', total: ids.length };
  const many = await actOnEach(context, ids, words, (id) =>
    dartwing.jobs.deadLetters.discard(id, { organization }, callOfMany(context)),
  );
  return bulkAnswer(context, many, words);
};

/** The narrowest thing that was chosen by is what has to be typed. */
function approveAll(context: CommandContext, choice: Choice, count: number): Promise<void> {
  return context.approve({
    danger: 'severe',
    question: `Discard ${count === 1 ? '1 dead letter' : `${count} dead letters`} ${wordsOf(choice)}?`,
    name: choice.type ?? choice.error ?? choice.organization ?? 'all',
    consequences: [
      `${count === 1 ? '1 job' : `${count} jobs`} will not be done; deleted after ${limits.deadLetterKeptDays} days`,
      'Until then each can still be replayed: dartwing dlq replay <id>',
    ],
  });
}

async function idsOf(context: CommandContext, dartwing: Dartwing, choice: Choice): Promise<string[]> {
  const ids: string[] = [];
  let after: DeadLetterPlace | undefined;
  do {
    const page = await dartwing.jobs.deadLetters.page({ ...choice, after }, callOfMany(context));
    ids.push(...page.items.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  return ids;
}
