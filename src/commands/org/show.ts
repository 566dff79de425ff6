import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { textFlag } from '../flag-values.js';
import type { Document, VerbRun } from '../spec.js';
import { organizationTable } from './answer.js';
import { namedOrganization } from './named.js';

/** The concrete record is always part of the document. */
const parts = ['members', 'usage', 'keys', 'concrete'];

export const run: VerbRun = async (context, { args, flags }) => {
  const wanted = (textFlag(flags, 'with') ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const unknown = wanted.find((part) => !parts.includes(part));
  if (unknown !== undefined)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `--with ${unknown} is not one of ${parts.join(', ')}`,
    });
  const ref = namedOrganization(context, args.org);
  const dartwing = await context.open({ selfTest: 'version' });
  const { status, ...organization } = await dartwing.tenancy.show(ref);
  const document: Document = {
    ...organization,
    kind: 'Org',
    ...(wanted.includes('members') ? { members: await membersOf(dartwing, ref) } : {}),
    // Below status: apply passes over it, so that what is printed here can be applied.
    status: {
      ...status,
      ...(wanted.includes('usage') ? { usage: await usageOf(dartwing, ref) } : {}),
      ...(wanted.includes('keys') ? { keys: await keysOf(dartwing, ref) } : {}),
    },
  };
  return {
    document,
    table: { columns: [...organizationTable.columns, { header: 'members', path: 'status.members' }] },
  };
};

/** In the form in which apply takes them. */
async function membersOf({ people }: Dartwing, ref: string) {
  const all = await people.members(ref);
  return all.filter((member) => member.status.state === 'active').map(({ email, role }) => ({ email, role }));
}

/** How much there is of what an organization has, each counted by its own room. */
async function usageOf({ invitations, equipment, identity, jobs }: Dartwing, organization: string) {
  const page = { limit: 1 };
  const jobsIn = async (state: string) => (await jobs.list({ organization, state, ...page })).total;
  return {
    invitations_pending: (await invitations.list(organization, { state: 'pending', ...page })).total_count,
    equipment: (await equipment.list(organization, page)).total_count,
    api_keys: (await identity.apiKeys.list(organization, page)).total_count,
    jobs_queued: await jobsIn('queued'),
    jobs_running: await jobsIn('running'),
    jobs_dead_letter: await jobsIn('dead_letter'),
  };
}

async function keysOf({ keys }: Dartwing, organization: string) {
  const { items } = await keys.list({ organization });
  return items.map(({ id, purpose, version, state, sealed }) => ({ id, purpose, version, state, sealed }));
}
