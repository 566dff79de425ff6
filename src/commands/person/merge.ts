import { callOf } from '../call.js';
import { textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  context.reason('Merging two persons');
  const dartwing = await context.open();
  const { person } = dartwing.people;
  const [keep, drop] = [await person.show(String(args.keep)), await person.show(String(args.drop))];
  const { total_count } = await person.organizations(drop.id);
  await context.approve({
    danger: 'moderate',
    question: `Merge ${drop.primary_email} (${total_count} memberships) into ${keep.primary_email} for ever?`,
    name: drop.primary_email,
  });
  const change = await person.merge(keep.id, drop.id, textFlag(flags, 'notes'), callOf(context));
  const moved = Object.entries(change.moved).filter(([, count]) => count > 0);
  const what = moved.map(([kind, count]) => `${count} ${kind.replaceAll('_', ' ')}`).join(', ') || 'nothing';
  const qualifier = change.dry_run ? ' (dry run: nothing was written)' : '';
  return {
    document: { ...change },
    table: {
      columns: [],
      sentence: `${drop.primary_email} is merged into ${keep.primary_email}; moved: ${what}${qualifier}`,
    },
  };
};
