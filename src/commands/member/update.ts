import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { memberChange } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const end = textFlag(flags, 'end');
  const terms = {
    role: textFlag(flags, 'role'),
    start_date: textFlag(flags, 'start'),
    end_date: end === 'none' ? null : end,
  };
  if (Object.values(terms).every((value) => value === undefined))
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'Something to change',
      flag: '--role, --start or --end',
    });
  const dartwing = await context.open();
  const { update } = dartwing.people.member;
  const change = await update(organization, String(args.person), terms, callOf(context));
  const { email, role, start_date, end_date } = change.after!;
  const days = end_date === null ? `from ${start_date}` : `from ${start_date} to ${end_date}`;
  return memberChange(change, `${email} is ${role} of ${organization} ${days}`);
};
