import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';
import { keyChange } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  context.reason('Retiring a key');
  const id = String(args.key);
  const dartwing = await context.open();
  await context.approve({ danger: 'moderate', question: `Retire data key ${id}?`, name: id });
  const done = await dartwing.keys.retire(id, callOf(context));
  return keyChange(done, `Data key ${id} is retired`);
};
