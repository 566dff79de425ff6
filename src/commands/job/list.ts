import { callOf } from '../call.js';
import { numberFlag, textFlag, timeFlag } from '../flag-values.js';
import { everyRow } from '../pages.js';
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
  const limit = numberFlag(flags, 'limit', 1, pageMax);
  const offset = numberFlag(flags, 'offset', 0, 1_000_000_000);
  const dartwing = await context.open({ selfTest: 'version' });
  const call = callOf(context);
  if (flags.all === true) {
    const rows = everyRow((page) => dartwing.jobs.list({ ...filter, ...page }, call), pageMax);
    return { stream: rows, table: jobTable };
  }
  const list = await dartwing.jobs.list({ ...filter, limit, offset }, call);
  return {
    list: { ...jobList(list.items, list.total), limit: list.limit, offset: list.offset },
    table: jobTable,
    empty: 'No jobs. Submit one: dartwing job submit <type> --org <org>',
    footer: 'dartwing job show <id>',
  };
};
