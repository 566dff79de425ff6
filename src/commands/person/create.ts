import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { changed } from '../change.js';
import { textFlag } from '../flag-values.js';
import type { Parsed, VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const input = {
    primary_email: String(args.email),
    ...namesOf(flags),
    source: (textFlag(flags, 'source') ?? 'import') as 'signup' | 'invite' | 'import',
    mobile_no: textFlag(flags, 'mobile'),
    keycloak_user_id: textFlag(flags, 'externalId'),
    frappe_user: textFlag(flags, 'user'),
    ...(flags.minor === true ? { is_minor: true } : {}),
    ifNotExists: flags.ifNotExists === true,
  };
  const dartwing = await context.open();
  const change = await dartwing.people.person.create(input, callOf(context));
  const { id, primary_email, is_minor } = change.after!;
  const did = change.op === 'none' ? 'exists' : 'created';
  return changed(change, `Person ${primary_email} (${id}) ${did}`, [
    is_minor
      ? `dartwing person consent ${primary_email} --guardian <person>`
      : `dartwing member add ${primary_email} --org <org> --role <role>`,
  ]);
};

function namesOf(flags: Parsed['flags']): { first_name: string; last_name: string } {
  const [first, ...rest] = (textFlag(flags, 'name') ?? '').trim().split(/\s+/);
  const first_name = textFlag(flags, 'firstName') ?? first;
  const last_name = textFlag(flags, 'lastName') ?? rest.join(' ');
  if (!first_name || !last_name) {
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'First and last name',
      flag: '--name "First Last", or --first-name and --last-name',
    });
  }
  return { first_name, last_name };
}
