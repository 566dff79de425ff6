import { callOf } from '../call.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { memberChange } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const change = await dartwing.people.member.activate(organization, String(args.person), callOf(context));
  const { email, role } = change.after!;
  return memberChange(change, `${email} is active member of ${organization} as ${role}`);
};
