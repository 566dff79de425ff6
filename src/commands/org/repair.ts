import { DartwingError } from '../../core/errors.js';
import { bulkDocument } from '../bulk.js';
import { callOf } from '../call.js';
import { textsFlag } from '../flag-values.js';
import { scopeOf } from '../report.js';
import { requestId } from '../request-id.js';
import type { VerbRun } from '../spec.js';
import { errorEvent } from '../ui/error.js';
import { whileShown } from '../ui/progress.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const ref = scopeOf(args.org, flags.all === true, context.currentOrganization());
  const dartwing = await context.open();
  await context.approve({
    danger: 'moderate',
    question: `Repair ${ref ?? 'all organizations'}?`,
    name: ref ?? 'all',
  });
  const fix = textsFlag(flags, 'fix');
  const { findings, left } = await whileShown(context, 'Repairing organizations', () =>
    dartwing.tenancy.repair(ref, { ...callOf(context), fix }),
  );
  const done = findings.map(({ id, slug, what }) => ({ ref: `org/${slug}`, id, what }));
  const failed = left.map(({ id, slug, what, fix: mend }) => {
    const error = new DartwingError('SUPERVISOR_MISSING', { slug: String(slug) }, { fix: [mend] });
    return { ref: `org/${slug}`, id, what, error: errorEvent(error, requestId()).error };
  });
  const verb = context.global.dryRun ? 'would be mended (dry run: nothing was written)' : 'mended';
  const lines = [
    ...done.map(({ what }) => what),
    ...left.flatMap(({ what, fix: mend }) => [`left: ${what}`, `      Fix   ${mend}`]),
    done.length + left.length === 0 ? 'Nothing to mend' : `${done.length} ${verb}, ${left.length} left`,
  ];
  return {
    document: { ...bulkDocument(done, failed, context.global) },
    partial: left.length > 0,
    table: { columns: [], sentence: lines.join('\n') },
  };
};
