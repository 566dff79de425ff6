import { DartwingError } from '../../core/errors.js';
import type { CreateRoleInput } from '../../core/index.js';
import { callOf } from '../call.js';
import { numberFlag, textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { roleChange } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const type = textFlag(flags, 'type');
  if (type === undefined) {
    const flag = '--type {family|company|nonprofit|association}';
    throw new DartwingError('INPUT_REQUIRED', { what: 'The type of organization', flag });
  }
  const input: CreateRoleInput = {
    name: String(args.role),
    applies_to_org_type: type as CreateRoleInput['applies_to_org_type'],
    is_supervisor: flags.supervisor === true,
    default_hourly_rate_cents: numberFlag(flags, 'hourlyRateCents', 0, 100_000_000),
    ifNotExists: flags.ifNotExists === true,
  };
  const dartwing = await context.open();
  const change = await dartwing.people.role.create(input, callOf(context));
  return roleChange(
    change,
    `Role ${input.name} ${change.op === 'none' ? 'exists' : 'is created'} for ${type}`,
  );
};
