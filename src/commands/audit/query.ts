import { callOf } from '../call.js';
import { numberFlag, textFlag, timeFlag } from '../flag-values.js';
import type { ListDocument, VerbRun } from '../spec.js';
import { entryTable, filterOf, trailOf } from './filter.js';

export const run: VerbRun = async (context, { flags }) => {
  const limit = numberFlag(flags, 'limit', 1, 500);
  const until = timeFlag(flags, 'until', new Date());
  filterOf(flags, undefined);
  const dartwing = await context.open();
  const filter = { ...filterOf(flags, await trailOf(context, dartwing)), until };
  const page = (cursor: string | undefined) =>
    dartwing.audit.query({ ...filter, limit: flags.all === true ? 500 : limit, cursor }, callOf(context));

  let list = await page(textFlag(flags, 'cursor'));
  const items = [...list.items];
  while (flags.all === true && list.cursor !== null) {
    context.signal.throwIfAborted();
    list = await page(list.cursor);
    items.push(...list.items);
  }
  return {
    list: { ...list, items, total_count: items.length } as unknown as ListDocument,
    table: entryTable,
    empty: 'No entry matches.',
    ...(list.cursor === null ? {} : { footer: `more: --cursor ${list.cursor}` }),
  };
};
