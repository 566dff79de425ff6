import { callOf } from '../call.js';
import { changed } from '../change.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open();
  const { id, primary_email, full_name } = await dartwing.people.person.show(String(args.person));
  await context.approve({
    danger: 'moderate',
    question: `Delete person ${primary_email} (${full_name})?`,
    name: primary_email,
  });
  const change = await dartwing.people.person.delete(id, callOf(context));
  return changed(change, `Person ${primary_email} (${id}) is deleted`);
};
