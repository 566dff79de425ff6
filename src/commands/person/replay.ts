import { actOnEach, bulkAnswer, callOfMany } from '../bulk.js';
import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context) => {
  context.reason('Erasing persons again');
  const dartwing = await context.open();
  const { place, pending } = await dartwing.privacy.ledger.status(callOf(context));
  if (pending.length > 0)
    await context.approve({
      danger: 'severe',
      question: `Erase ${pending.length} persons again?`,
      name: 'again',
      consequences: [
        `The ledger in ${place} says that they were erased: ${pending
          .map(({ person }) => person)
          .slice(0, 10)
          .join(', ')}`,
      ],
    });
  const lines = new Map(pending.map((line) => [line.person, line]));
  const words = {
    op: 'person.replay',
    title: 'Erasing persons again',
    past: 'erased again',
    total: lines.size,
  };
  const many = await actOnEach(context, [...lines.keys()], words, (person) =>
    dartwing.privacy.ledger.replay(lines.get(person)!, callOfMany(context)),
  );
  return bulkAnswer(context, many, { ...words, resume: 'the same command' });
};
