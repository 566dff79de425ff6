import { callOf } from '../call.js';
import { textFlag, timeFlag } from '../flag-values.js';
import { pagedAnswer } from '../pages.js';
import type { VerbRun } from '../spec.js';
import { jobList, jobTable } from './answer.js';

const pageMax = 500;

export const run: VerbRun = async (context, { flags }) => {
  const now = new Date();
  const filter = {
    organization: context.currentOrganization(),
    queue: textFlag(flags, 'queue'),
    state: textFlag(flags, 'state'),
    type: textFlag(flags, 'type'),
    since: timeFlag(flags, 'since', now),
    until: timeFlag(flags, 'until', now),
  };
  const dartwing = await context.open({ selfTest: 'version' });
  const call = callOf(context);
  return pagedAnswer(context, flags, {
    kind: 'JobList',
    pageMax,
    page: async (part) => {
      const { items, total, limit, offset } = await dartwing.jobs.list({ ...filter, ...part }, call);
      return { ...jobList(items, total), limit, offset };
    },
    table: jobTable,
    empty: 'No jobs. Submit one: dartwing job submit <type> --org <org>',
    footer: 'dartwing job show <id>',
  });
};
