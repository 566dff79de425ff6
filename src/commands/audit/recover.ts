import { callOf } from '../call.js';
import { change } from '../change.js';
import { readAs } from '../data-file.js';
import { textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';
import { anchorBytesMax } from './filter.js';

export const run: VerbRun = async (context, { flags }) => {
  context.reason('Declaring entries as lost');
  const file = textFlag(flags, 'anchor');
  const anchors = file === undefined ? [] : [await readAs(context, file, (text) => text, anchorBytesMax)];
  const dartwing = await context.open();
  const ref = 'audit-epoch';
  await context.approve({
    danger: 'severe',
    question: 'Declare everything that was signed and is gone as lost?',
    name: 'audit',
    consequences: [
      'What was lost stays on record in every verification',
      'A new epoch of checkpoints begins',
    ],
  });
  if (context.global.dryRun)
    return change({
      op: 'create',
      ref,
      before: null,
      after: {},
      dryRun: true,
      sentence: 'What was signed and is gone would be declared as lost',
    });
  const { epoch, lost } = await whileShown(context, 'Beginning an epoch', () =>
    dartwing.audit.recover({ anchors }, callOf(context)),
  );
  const lines = lost.map(
    ({ organization, kept, lost: count }) => `${organization}: ${count} entries behind ${kept} are lost`,
  );
  return change({
    op: 'create',
    ref: `${ref}/${epoch}`,
    before: null,
    after: { epoch, lost },
    dryRun: false,
    sentence: [`Epoch ${epoch} began`, ...lines].join('\n'),
    next: ['dartwing audit checkpoint', 'dartwing audit verify --all'],
  });
};
