import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { detach } from '../detach.js';
import { scopeOf } from '../report.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = scopeOf(undefined, flags.all === true, context.currentOrganization());
  const dartwing = await context.open();
  await context.approve({
    danger: 'moderate',
    question: `Recompute the grants of ${organization ?? 'all organizations'}?`,
    name: organization ?? 'all',
  });
  if (flags.detach === true) {
    if (organization === undefined)
      throw new DartwingError('VALIDATION_ERROR', { message: '--detach takes one organization: --org' });
    return detach(context, dartwing, organization, 'operation.permission_rebuild', {});
  }
  const done = await whileShown(context, 'Recomputing grants', () =>
    dartwing.permissions.rebuild(organization, callOf(context)),
  );
  const counts = `${done.created} grants made, ${done.removed} removed in ${done.organizations} organizations`;
  const sentence = done.dry_run ? `${counts} (dry run: nothing was written)` : counts;
  return { document: { ...done }, table: { columns: [], sentence } };
};
