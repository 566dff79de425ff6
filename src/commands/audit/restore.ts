import { callOf } from '../call.js';
import { operationDocument } from '../operation.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';

export const run: VerbRun = async (context) => {
  context.reason('Restoring the trail');
  const dartwing = await context.open();
  const { place } = await dartwing.audit.checkArchive();
  await context.approve({
    danger: 'moderate',
    question: `Put back what ${place} has and the database does not?`,
    name: place,
  });
  const { dryRun } = context.global;
  const nothing = { entries: 0, checkpoints: 0, trails: [] };
  const result = dryRun
    ? nothing
    : await whileShown(context, 'Restoring entries', () =>
        dartwing.audit.restore({ signal: context.signal }, callOf(context)),
      );
  const { entries, checkpoints, trails } = result;
  const sentence = dryRun
    ? `What the database lost would be put back from ${place} (dry run: nothing was written)`
    : `${entries} entries of ${trails.length} trails and ${checkpoints} checkpoints were put back from ${place}`;
  return {
    document: operationDocument({
      verb: 'audit.restore',
      done: entries,
      dryRun,
      result: { place, entries, checkpoints, trails },
    }),
    table: { columns: [], sentence },
    next: ['dartwing audit verify --all'],
  };
};
