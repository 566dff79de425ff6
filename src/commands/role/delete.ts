import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';
import { roleChange } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open();
  const { name, applies_to_org_type: type } = await dartwing.people.role.show(String(args.role));
  await context.approve({ danger: 'moderate', question: `Delete role ${name} of the type ${type}?`, name });
  const change = await dartwing.people.role.delete(name, callOf(context));
  return roleChange(change, `Role ${name} is deleted`);
};
