import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { memberChange } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const role = textFlag(flags, 'role');
  if (role === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'The role of the member', flag: '--role <role>' });
  const terms = {
    start_date: textFlag(flags, 'start'),
    end_date: textFlag(flags, 'end'),
    pending: flags.pending === true,
    ifNotExists: flags.ifNotExists === true,
  };
  const dartwing = await context.open();
  const { add } = dartwing.people.member;
  const change = await add(organization, String(args.person), role, terms, callOf(context));
  const { email, status } = change.after!;
  const how = change.action === 'reactivated' ? `again (was ${change.previous_status})` : 'member';
  return memberChange(change, `${email} is ${status.state} ${how} of ${organization} as ${role}`);
};
