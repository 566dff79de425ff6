/** Pausing and resuming: one queue is answered with its change, several with a list of what became of each. */
import { asDartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import type { QueueDocument } from '../../core/jobs/index.js';
import { bulkAnswer, type Many } from '../bulk.js';
import type { CommandContext } from '../context.js';
import type { VerbResult } from '../spec.js';
import { queueChange } from './answer.js';

export interface QueueWords {
  /** Asked before; not at all for what harms nobody. */
  question?: (names: string) => string;
  sentence: (after: QueueDocument) => string;
  /** Verb that takes it back. */
  undo?: string;
}

export async function changeQueues(
  context: CommandContext,
  words: unknown,
  queues: Pick<Dartwing['jobs']['queues'], 'show'>,
  { question, sentence, undo }: QueueWords,
  act: (name: string) => Promise<QueueDocument>,
): Promise<VerbResult> {
  const names = [...new Set(Array.isArray(words) ? words.map(String) : [String(words)])];
  const [only] = names;
  const before = names.length === 1 && only !== undefined ? await queues.show(only) : undefined;
  if (question !== undefined)
    await context.approve({
      danger: 'moderate',
      question: question(names.join(', ')),
      name: names.join(','),
    });
  if (before !== undefined) {
    const after = await act(before.name);
    const back = undo === undefined ? undefined : `dartwing queue ${undo} ${after.name}`;
    return queueChange(context, before, after, sentence(after), back);
  }
  const many: Many = { done: [], failed: [] };
  for (const name of names)
    await act(name).then(
      () => many.done.push({ id: name }),
      (error: unknown) => many.failed.push({ id: name, error: asDartwingError(error) }),
    );
  return bulkAnswer(context, many, {
    op: context.commandPath,
    title: '',
    past: 'changed',
    total: names.length,
  });
}
