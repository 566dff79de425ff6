import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { actOnEach, bulkAnswer, callOfMany, unaskedMax } from '../bulk.js';
import type { CommandContext } from '../context.js';
import { run as replayDeadLetters } from '../dlq/replay.js';
import { rateFlag, textFlag } from '../flag-values.js';
import { readIds } from '../ids.js';
import type { VerbRun } from '../spec.js';

const pageMax = 500;

/** Dead letters go the way of `dlq replay`; jobs that wait for an attempt get it now. */
export const run: VerbRun = async (context, parsed) => {
  const { args, flags } = parsed;
  const state = textFlag(flags, 'state') ?? 'dead_letter';
  if (flags.all === true && state === 'dead_letter') return replayDeadLetters(context, parsed);
  if (flags.all !== true && (flags.type !== undefined || flags.state !== undefined))
    throw new DartwingError('INPUT_REQUIRED', { what: 'A choice among all jobs', flag: '--all' });
  const perSecond = rateFlag(flags, 'rate');
  const given = await readIds(context, args.id);
  if (given.length > 0 === (flags.all === true))
    throw new DartwingError('INPUT_REQUIRED', { what: 'Either ids or a choice', flag: '<id>, - or --all' });
  const dartwing = await context.open();
  const ids =
    given.length > 0 ? given : await idsOf(context, dartwing, { state, type: textFlag(flags, 'type') });
  if (ids.length > unaskedMax)
    await context.approve({ danger: 'moderate', question: `Replay ${ids.length} jobs?`, name: 'all' });
  const organization = context.currentOrganization();
  const words = { op: 'job.replay', title: 'Replaying jobs', past: 'replayed', total: ids.length };
  const many = await actOnEach(context, ids, { ...words, perSecond }, (id) =>
    dartwing.jobs.retry(id, { organization }, callOfMany(context)),
  );
  return bulkAnswer(context, many, words);
};

async function idsOf(
  context: CommandContext,
  dartwing: Dartwing,
  filter: { state: string; type: string | undefined },
): Promise<string[]> {
  const organization = context.currentOrganization();
  const ids: string[] = [];
  for (let offset = 0; ; offset += pageMax) {
    const page = { ...filter, organization, limit: pageMax, offset };
    const { items } = await dartwing.jobs.list(page, callOfMany(context));
    ids.push(...items.map(({ id }) => id));
    if (items.length < pageMax) return ids;
  }
}
