import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { numberFlag, rateFlag, textFlag } from '../flag-values.js';
import type { Parsed, VerbRun } from '../spec.js';
import { queueChange } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const name = String(args.queue);
  const settings = {
    concurrency: numberFlag(flags, 'concurrency', 1, 1_000),
    perMinute: orNone(flags, 'rate', perMinute),
    queuedMax: orNone(flags, 'perOrg', () => numberFlag(flags, 'perOrg', 1, 1_000_000)),
  };
  const dartwing = await context.open();
  const before = await dartwing.jobs.queues.show(name);
  const after = await dartwing.jobs.queues.set(name, settings, callOf(context));
  const unlimited = (value: number | null) => value ?? 'unlimited';
  return queueChange(
    context,
    before,
    after,
    `${name}: ${after.concurrency} slots of each worker; of one organization ${unlimited(after.queued_max)} waiting ` +
      `and ${unlimited(after.per_minute)} starts a minute`,
  );
};

/** `none` lifts a limit. */
function orNone(
  flags: Parsed['flags'],
  name: string,
  read: (flags: Parsed['flags']) => number | undefined,
): number | null | undefined {
  return textFlag(flags, name) === 'none' ? null : read(flags);
}

/** Starts are counted by the minute. */
function perMinute(flags: Parsed['flags']): number | undefined {
  const perSecond = rateFlag(flags, 'rate');
  if (perSecond === undefined) return undefined;
  const count = perSecond * 60;
  if (Math.abs(count - Math.round(count)) > 1e-6 || count < 1)
    throw new DartwingError('VALIDATION_ERROR', { message: '--rate is a whole number of starts a minute' });
  return Math.round(count);
}
