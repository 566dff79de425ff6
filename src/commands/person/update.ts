import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { changed } from '../change.js';
import { numberFlag, textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';

/** Field of the document by flag. */
const fields = {
  email: 'primary_email',
  firstName: 'first_name',
  lastName: 'last_name',
  mobile: 'mobile_no',
  externalId: 'keycloak_user_id',
  user: 'frappe_user',
  personalOrg: 'personal_org',
  state: 'status',
} as const;

export const run: VerbRun = async (context, { args, flags }) => {
  const given = Object.entries(fields).flatMap(([flag, field]) => {
    const text = textFlag(flags, flag);
    return text === undefined ? [] : [[field, text === 'none' ? null : text] as const];
  });
  if (given.length === 0) {
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'Something to change',
      flag: '--first-name, --last-name, --email, --mobile, --external-id, --user, --personal-org or --state',
    });
  }
  const ifVersion = numberFlag(flags, 'ifVersion', 1, 2_147_483_647);
  const dartwing = await context.open();
  const changes = Object.fromEntries(given);
  const change = await dartwing.people.person.update(String(args.person), changes, {
    ...callOf(context),
    ifVersion,
  });
  const { primary_email, version, status } = change.after!;
  return changed(change, `Person ${primary_email} is ${status.state} and at version ${version}`);
};
