import { durationFlag, textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { lagTable, listOf } from './answer.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const max = durationFlag(flags, 'max');
  const by = textFlag(flags, 'by') === 'entity' ? 'entity' : 'client';
  const dartwing = await context.open({ selfTest: 'version' });
  const { items } = await dartwing.sync.lag(organization, by);
  return {
    list: listOf('LagList', items),
    findings: max !== undefined && items.some((item) => item.max_ms > max),
    table: lagTable,
    empty: 'No client has called yet',
  };
};
