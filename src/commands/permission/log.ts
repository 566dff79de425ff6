import type { GrantLog } from '../../core/index.js';
import { numberFlag, textFlag, timeFlag } from '../flag-values.js';
import type { ListDocument, TableView, VerbRun } from '../spec.js';

const table: TableView = {
  columns: [
    { header: 'at', path: 'at' },
    { header: 'event', path: 'event' },
    { header: 'org', path: 'organization' },
    { header: 'person', path: 'person' },
    { header: 'user', path: 'user' },
    { header: 'allow', path: 'allow' },
    { header: 'for', path: 'for_value' },
    { header: 'reason', path: 'reason' },
  ],
};

export const run: VerbRun = async (context, { flags }) => {
  const now = new Date();
  const input = {
    organization: context.currentOrganization(),
    person: textFlag(flags, 'person'),
    event: textFlag(flags, 'event') as GrantLog['items'][number]['event'] | undefined,
    since: timeFlag(flags, 'since', now),
    until: timeFlag(flags, 'until', now),
    limit: numberFlag(flags, 'limit', 1, 500),
  };
  const dartwing = await context.open({ selfTest: 'version' });
  const list = await dartwing.permissions.log(input);
  return { list: list as unknown as ListDocument, table, empty: 'No event matches.' };
};
