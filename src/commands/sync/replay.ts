import { DartwingError } from '../../core/errors.js';
import { bulkDocument } from '../bulk.js';
import { callOf } from '../call.js';
import { textFlag, textsFlag, timeFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { Parsed, VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const from = placeFlag(flags, 'from');
  if (from === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'A beginning', flag: '--from <place>' });
  const to = placeFlag(flags, 'to');
  const device = textFlag(flags, 'client');
  const named = textsFlag(flags, 'entity');
  const dartwing = await context.open();
  const who = device ?? 'every client';
  await context.approve({
    danger: 'moderate',
    question: `Send ${who} of ${organization} once more what changed?`,
    name: device ?? organization,
  });
  const input = { from, to, device, doctypes: named.length > 0 ? named : undefined };
  const { devices, after, up_to: upTo } = await dartwing.sync.replay(organization, input, callOf(context));
  const done = devices.map((name) => ({ ref: `client/${name}`, after, up_to: upTo }));
  const dry = context.global.dryRun ? ' (dry run: nothing was written)' : '';
  return {
    document: bulkDocument(done, [], context.global),
    table: {
      columns: [],
      sentence: `${devices.length} clients get changes ${after + 1} to ${upTo} once more with their next calls${dry}`,
    },
  };
};

/** A number of the log, or a time. */
function placeFlag(flags: Parsed['flags'], name: string): number | Date | undefined {
  const text = textFlag(flags, name);
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  return timeFlag(flags, name, new Date());
}
