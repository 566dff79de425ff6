import { setTimeout } from 'node:timers/promises';
import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import type { CommandContext } from '../context.js';
import { durationFlag, textFlag, timeFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { Document, VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';
import { lagTable, listOf } from './answer.js';

/** Shortest pause between two rounds: each of them reads every device. */
const watchMsMin = 1_000;

const organizationsOfPage = 100;

export const run: VerbRun = async (context, { flags }) => {
  const by = textFlag(flags, 'by') as LagInput['by'];
  // Lag by organization is about all of them unless one is named.
  if (by !== 'org') requireCurrent(context);
  const max = durationFlag(flags, 'max');
  const everyMs = durationFlag(flags, 'watch');
  if (everyMs !== undefined && everyMs < watchMsMin)
    throw new DartwingError('VALIDATION_ERROR', { message: '--watch is at least 1s' });
  const read = await readerOf(context, { by, since: timeFlag(flags, 'since', new Date()) });
  if (everyMs !== undefined) return { stream: rounds(context, read, everyMs), table: watchTable };
  const items = await whileShown(context, 'Reading how far clients are', read);
  return {
    list: listOf('LagList', items),
    findings: max !== undefined && items.some((item) => item.max_ms > max),
    table: lagTable,
    empty: 'No client has called yet',
  };
};

type LagInput = NonNullable<Parameters<Dartwing['sync']['lag']>[1]>;
type Items = Awaited<ReturnType<Dartwing['sync']['lag']>>['items'];

/** Reads the lag of the organization of the line, or of one after another where none is named. */
async function readerOf(context: CommandContext, input: LagInput): Promise<() => Promise<Items>> {
  const dartwing = await context.open({ selfTest: 'version' });
  const named = context.currentOrganization();
  if (named !== undefined) return async () => (await dartwing.sync.lag(named, input)).items;
  return async () => {
    const all: Items = [];
    for (let offset = 0; ; offset += organizationsOfPage) {
      const page = await dartwing.tenancy.list({ limit: organizationsOfPage, offset });
      for (const { slug } of page.items) {
        context.signal.throwIfAborted();
        all.push(...(await dartwing.sync.lag(slug, input)).items);
      }
      if (page.items.length < organizationsOfPage) break;
    }
    return all.sort((a, b) => b.max_ms - a.max_ms || (a.ref < b.ref ? -1 : 1));
  };
}

const watchTable = { columns: [{ header: 'at', path: 'at' }, ...lagTable.columns] };

/** Round after round until Ctrl-C: a list for a program, rows for a person. */
async function* rounds(
  { io, signal }: CommandContext,
  read: () => Promise<Items>,
  everyMs: number,
): AsyncGenerator<Document> {
  while (!signal.aborted) {
    const items = await read();
    const at = new Date().toISOString();
    if (io.machine) yield { ...listOf('LagList', items), at } as Document;
    else for (const item of items) yield { api_version: 'dartwing/v1', kind: 'LagItem', at, ...item };
    await setTimeout(everyMs, undefined, { signal }).catch(() => {});
  }
}
