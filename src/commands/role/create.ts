import { DartwingError } from '../../core/errors.js';
import type { CreateRoleInput } from '../../core/index.js';
import { callOf } from '../call.js';
import { numberFlag, textFlag } from '../flag-values.js';
import type { Parsed, VerbRun } from '../spec.js';
import { roleChange } from './answer.js';
import { readRole, refuseBoth } from './role-file.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const file = textFlag(flags, 'file');
  const given = fromLine(args, flags);
  if (file !== undefined)
    refuseBoth(
      [given.applies_to_org_type, given.is_supervisor, given.default_hourly_rate_cents],
      'terms of the role',
    );
  const { name, ...terms } =
    file === undefined ? given : await readRole(context, file, args.role as string | undefined);
  if (name === undefined)
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'The name of the role',
      flag: 'an argument, or name in the file',
    });
  if (terms.applies_to_org_type === undefined) {
    const flag = '--type {family|company|nonprofit|association}, or applies_to_org_type in the file';
    throw new DartwingError('INPUT_REQUIRED', { what: 'The type of organization', flag });
  }
  const dartwing = await context.open();
  const input = { ...terms, name, ifNotExists: flags.ifNotExists === true } as CreateRoleInput;
  const change = await dartwing.people.role.create(input, callOf(context));
  const done = change.op === 'none' ? 'exists' : 'is created';
  return roleChange(change, `Role ${name} ${done} for ${terms.applies_to_org_type}`);
};

function fromLine(args: Parsed['args'], flags: Parsed['flags']) {
  return {
    name: args.role as string | undefined,
    applies_to_org_type: textFlag(flags, 'type'),
    is_supervisor: flags.supervisor === true ? true : undefined,
    default_hourly_rate_cents: numberFlag(flags, 'hourlyRateCents', 0, 100_000_000),
  };
}
