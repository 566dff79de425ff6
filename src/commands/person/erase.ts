import { callOf } from '../call.js';
import { changed } from '../change.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';

export const run: VerbRun = async (context, { args }) => {
  context.reason('Erasing a person');
  const dartwing = await context.open();
  const { id, primary_email } = await dartwing.people.person.show(String(args.person));
  const { reason } = context.global;
  // What stands in the way is said before anybody is asked.
  const rehearsed = await dartwing.privacy.erase(id, { dryRun: true, ...(reason ? { reason } : {}) });
  const { counts } = rehearsed.after!;
  const told = Object.entries(counts).map(([kind, count]) => `${count} ${kind.replaceAll('_', ' ')}`);
  await context.approve({
    danger: 'severe',
    question: `Erase person ${primary_email}?`,
    name: primary_email,
    consequences: [
      `For good: ${told.join(', ')}`,
      'The trails keep the id and nothing else; copies in backups live as long as the backups',
    ],
  });
  const change = await whileShown(context, 'Erasing', () => dartwing.privacy.erase(id, callOf(context)));
  return changed(change, `Person ${id} is erased: ${told.join(', ')}`);
};
