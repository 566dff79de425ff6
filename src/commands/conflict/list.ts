import { requireCurrent } from '../org/named.js';
import { pagedAnswer } from '../pages.js';
import type { VerbRun } from '../spec.js';
import { conflictTable } from './answer.js';
import { choiceOf } from './choice.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const filter = choiceOf(flags);
  const dartwing = await context.open({ selfTest: 'version' });
  return pagedAnswer(context, flags, {
    kind: 'ConflictList',
    pageMax: 500,
    page: (part) => dartwing.sync.conflicts.list(organization, { ...filter, ...part }),
    table: conflictTable,
    empty: 'No conflicts found',
    footer: `dartwing conflict show <id> --org ${organization}`,
  });
};
