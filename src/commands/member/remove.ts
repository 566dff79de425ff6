import { callOf } from '../call.js';
import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { memberChange } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const { member } = dartwing.people;
  const { id, email, name, role } = await member.show(organization, String(args.person));
  await context.approve({
    danger: 'moderate',
    question: `Remove ${email ?? name} (${role}) from ${organization}?`,
    name: email ?? name,
  });
  const change = await member.remove(organization, id, { end_date: textFlag(flags, 'end') }, callOf(context));
  return memberChange(
    change,
    `${email ?? name} is no member of ${organization} from ${change.after!.end_date}`,
  );
};
