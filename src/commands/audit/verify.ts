import { DartwingError } from '../../core/errors.js';
import type { Report } from '../../core/index.js';
import { readAs } from '../data-file.js';
import { detach } from '../detach.js';
import { textFlag, textsFlag, timeFlag } from '../flag-values.js';
import { reportAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';
import { anchorBytesMax, trailOf } from './filter.js';

export const run: VerbRun = async (context, { flags }) => {
  const file = textFlag(flags, 'anchor');
  const anchor = file === undefined ? undefined : await readAs(context, file, (text) => text, anchorBytesMax);
  const place = textFlag(flags, 'offline');
  if (place !== undefined) {
    const ref = context.currentOrganization();
    const organizations = ref === undefined || flags.all === true ? undefined : [ref];
    const { verifyOffline } = await import('./offline.js');
    return verifyOffline(context, { place, organizations, anchor, verifiers: textsFlag(flags, 'verifier') });
  }
  const [from, to] = [timeFlag(flags, 'from', new Date()), timeFlag(flags, 'to', new Date())];
  const dartwing = await context.open();
  const organization = flags.all === true ? undefined : await trailOf(context, dartwing);
  if (flags.detach === true) {
    if (
      organization === undefined ||
      organization === 'SYSTEM' ||
      anchor !== undefined ||
      (from ?? to) !== undefined
    )
      throw new DartwingError('VALIDATION_ERROR', {
        message: '--detach takes one organization (--org), without --anchor, --from and --to',
      });
    const input = { sinceCheckpoint: flags.sinceCheckpoint === true };
    return detach(context, dartwing, organization, 'operation.audit_verify', input);
  }
  const progress = startProgress(context.io, { title: 'Verifying entries', op: 'audit.verify' });
  let done = 0;
  const onProgress = (entries: number) => {
    done += entries;
    progress.update(done);
  };
  try {
    const report = await dartwing.audit.verify({
      ...(organization === undefined ? {} : { organizations: [organization] }),
      ...(anchor === undefined ? {} : { anchors: [anchor] }),
      sinceCheckpoint: flags.sinceCheckpoint === true,
      from,
      to,
      onProgress,
      signal: context.signal,
    });
    const { organizations, entries } = report.summary;
    // An id is taken as it is, for the trails of purged organizations; one without any entry may be a slip.
    if (organization?.startsWith('ORG-') && report.ok && entries === 0)
      await dartwing.tenancy.show(organization);
    return reportAnswer(report as unknown as Report, `${entries} entries of ${organizations} trails`);
  } finally {
    progress.end();
  }
};
