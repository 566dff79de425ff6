import { DartwingError } from '../../core/errors.js';
import type { RoleChanges } from '../../core/index.js';
import { callOf } from '../call.js';
import { numberFlag, textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { roleChange } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const supervisor = textFlag(flags, 'supervisor');
  const changes: RoleChanges = {
    applies_to_org_type: textFlag(flags, 'type') as RoleChanges['applies_to_org_type'],
    is_supervisor: supervisor === undefined ? undefined : supervisor === 'yes',
    default_hourly_rate_cents: numberFlag(flags, 'hourlyRateCents', 0, 100_000_000),
  };
  if (Object.values(changes).every((value) => value === undefined)) {
    const flag = '--type, --supervisor or --hourly-rate-cents';
    throw new DartwingError('INPUT_REQUIRED', { what: 'Something to change', flag });
  }
  const dartwing = await context.open();
  const change = await dartwing.people.role.update(String(args.role), changes, callOf(context));
  return roleChange(change, `Role ${args.role} is changed`);
};
