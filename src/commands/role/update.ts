import { DartwingError } from '../../core/errors.js';
import type { RoleChanges } from '../../core/index.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { numberFlag, textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { roleChange } from './answer.js';
import { readRole, refuseBoth } from './role-file.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const supervisor = textFlag(flags, 'supervisor');
  const changes: RoleChanges = {
    applies_to_org_type: textFlag(flags, 'type') as RoleChanges['applies_to_org_type'],
    is_supervisor: supervisor === undefined ? undefined : supervisor === 'yes',
    default_hourly_rate_cents: numberFlag(flags, 'hourlyRateCents', 0, 100_000_000),
  };
  const file = textFlag(flags, 'file');
  if (file !== undefined) {
    refuseBoth(Object.values(changes), 'terms of the role');
    const { name, ...terms } = await readRole(context, file, args.role as string | undefined);
    if (name === undefined) throw nameless();
    return change(context, name, terms);
  }
  if (args.role === undefined) throw nameless();
  if (Object.values(changes).every((value) => value === undefined)) {
    const flag = '--file, --type, --supervisor or --hourly-rate-cents';
    throw new DartwingError('INPUT_REQUIRED', { what: 'Something to change', flag });
  }
  return change(context, String(args.role), changes);
};

async function change(context: CommandContext, name: string, changes: RoleChanges) {
  const dartwing = await context.open();
  const done = await dartwing.people.role.update(name, changes, callOf(context));
  return roleChange(done, `Role ${name} is ${done.op === 'none' ? 'so already' : 'changed'}`);
}

function nameless(): DartwingError {
  return new DartwingError('INPUT_REQUIRED', {
    what: 'The name of the role',
    flag: 'an argument, or name in the file',
  });
}
