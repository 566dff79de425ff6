import { callOf } from '../call.js';
import { changed } from '../change.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  const reason = context.reason('person unlock');
  const dartwing = await context.open();
  const person = String(args.person);
  await context.approve({
    danger: 'moderate',
    question: `Let ${person} sign in without the second factor?`,
    name: person,
  });
  const done = await dartwing.lite.unlock(person, { ...callOf(context), reason });
  return changed(done, `${person} has no second factor and does not wait`);
};
