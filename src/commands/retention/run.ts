import { callOf } from '../call.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const { retention } = dartwing.privacy;
  const call = callOf(context);
  const planned = await retention.run(organization, { ...call, dryRun: true });
  const due = planned.items.filter((item) => item.due > 0);
  const told = due.map((item) => `${item.due} ${item.doctype} from before ${item.before.slice(0, 10)}`);
  const isIdle = planned.held || due.length === 0 || context.global.dryRun === true;
  if (!isIdle)
    await context.approve({
      danger: 'moderate',
      name: organization,
      question: `Dispose for good of documents of ${organization}: ${told.join(', ')}?`,
    });
  const done = isIdle ? planned : await retention.run(organization, call);
  const sentence = planned.held
    ? `${organization} is under legal hold: nothing goes${told.length > 0 ? `, though ${told.join(', ')} are due` : ''}`
    : told.length === 0
      ? `Nothing of ${organization} is due`
      : `${isIdle ? 'Due' : 'Gone'}: ${told.join(', ')}`;
  return { document: { ...done }, table: { columns: [], sentence } };
};
