import type { Report } from '../../core/index.js';
import { readAs } from '../data-file.js';
import { textFlag, timeFlag } from '../flag-values.js';
import { reportAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';
import { trailOf } from './filter.js';

/** A checkpoint has about 250 bytes. */
const anchorBytesMax = 67_108_864;

export const run: VerbRun = async (context, { flags }) => {
  const anchor = textFlag(flags, 'anchor');
  const [from, to] = [timeFlag(flags, 'from', new Date()), timeFlag(flags, 'to', new Date())];
  const dartwing = await context.open();
  const organization = flags.all === true ? undefined : await trailOf(context, dartwing);
  const progress = startProgress(context.io, { title: 'Verifying entries', op: 'audit.verify' });
  let done = 0;
  const onProgress = (entries: number) => {
    done += entries;
    progress.update(done);
  };
  try {
    const report = await dartwing.audit.verify({
      ...(organization === undefined ? {} : { organizations: [organization] }),
      ...(anchor === undefined
        ? {}
        : { anchors: [await readAs(context, anchor, (text) => text, anchorBytesMax)] }),
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
