import { DartwingError } from '../../core/errors.js';
import { textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { organizationTable } from './answer.js';
import { namedOrganization } from './named.js';

const parts = ['members'];

export const run: VerbRun = async (context, { args, flags }) => {
  const wanted = (textFlag(flags, 'with') ?? '').split(',').filter((part) => part !== '');
  const unknown = wanted.find((part) => !parts.includes(part));
  if (unknown !== undefined)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `--with ${unknown} is not one of ${parts.join(', ')}`,
    });
  const ref = namedOrganization(context, args.org);
  const dartwing = await context.open({ selfTest: 'version' });
  const { status, ...organization } = await dartwing.tenancy.show(ref);
  const document = {
    ...organization,
    ...(wanted.includes('members') ? { members: await members() } : {}),
    status,
  };
  return {
    document: document as typeof document & { kind: string },
    table: { columns: [...organizationTable.columns, { header: 'members', path: 'status.members' }] },
  };

  /** In the form in which apply takes them. */
  async function members() {
    const all = await dartwing.people.members(ref);
    return all
      .filter((member) => member.status.state === 'active')
      .map(({ email, role }) => ({ email, role }));
  }
};
