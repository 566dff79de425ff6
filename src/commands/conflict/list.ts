import { durationFlag, numberFlag, textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { ListDocument, VerbRun } from '../spec.js';
import { conflictTable } from './answer.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const olderMs = durationFlag(flags, 'olderThan');
  const dartwing = await context.open({ selfTest: 'version' });
  const list = await dartwing.sync.conflicts.list(organization, {
    state: textFlag(flags, 'state'),
    doctype: textFlag(flags, 'entity'),
    before: olderMs === undefined ? undefined : new Date(Date.now() - olderMs),
    limit: numberFlag(flags, 'limit', 1, 500),
    offset: numberFlag(flags, 'offset', 0, 1_000_000_000),
  });
  return {
    list: list as unknown as ListDocument,
    table: conflictTable,
    empty: 'No conflicts found',
    footer: `dartwing conflict show <id> --org ${organization}`,
  };
};
