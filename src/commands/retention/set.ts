import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { changed } from '../change.js';
import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const days = textFlag(flags, 'days');
  const basis = textFlag(flags, 'basis');
  if (days === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'A number of days', flag: '--days 365' });
  if (basis === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'The basis of the rule', flag: '--basis "…"' });
  const dartwing = await context.open();
  const doctype = String(args.doctype);
  const input = { keepDays: Number(days), basis };
  const change = await dartwing.privacy.retention.set(organization, doctype, input, callOf(context));
  return changed(change, `${doctype} of ${organization} is kept for ${days} days after its last change`);
};
