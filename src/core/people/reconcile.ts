/** Reconciliation of memberships and grants, next to that of organizations. */
import {
  addGrants,
  authorize,
  dropGrants,
  type GrantMismatch,
  recordAct,
  type Scope,
  selectMismatches,
} from '../access/index.js';
import type { Tx } from '../db/index.js';
import { findSupervised } from './member-queries.js';

/** Kinds of findings that a repair mends. */
export const grantFaults = ['member.without_grant', 'grant.without_member'] as const;

export interface MembershipFinding {
  id: 'organization.no_supervisor' | (typeof grantFaults)[number];
  organization: string;
  slug: string;
  severity: 'fail' | 'warn';
  what: string;
  fix: string;
}

/** Organizations without supervisor, members without grants and grants without members; one (id) or all. */
export async function verifyMemberships(scope: Scope, organization?: string): Promise<MembershipFinding[]> {
  authorize(scope, 'verify', { doctype: 'Org Member', name: '*' });
  return (await findFaults(scope.tx, organization)).map(describe);
}

/**
 * Adds missing grants and drops orphaned ones; only findings that are wanted, by id. Who supervises is for people to
 * decide, so that is left.
 */
export async function repairMemberships(
  scope: Scope,
  organization?: string,
  isWanted: (id: string) => boolean = () => true,
): Promise<{ mended: MembershipFinding[]; left: MembershipFinding[] }> {
  authorize(scope, 'repair', { doctype: 'Org Member', name: '*' });
  const { tx, clock } = scope;
  const faults = await findFaults(tx, organization);
  const mismatches = faults.filter(
    (fault): fault is GrantMismatch => fault.id !== 'organization.no_supervisor' && isWanted(fault.id),
  );
  const left = faults.filter(({ id }) => id === 'organization.no_supervisor' && isWanted(id));
  const missing = mismatches.filter(({ id }) => id === 'member.without_grant');
  const orphaned = mismatches.filter(({ id }) => id === 'grant.without_member');
  await addGrants(tx, missing, clock.now());
  await dropGrants(tx, orphaned);
  for (const row of mismatches) {
    const { user, allow, for_value } = row;
    const grant = { user, allow, for_value };
    const isMissing = row.id === 'member.without_grant';
    const change = { old: isMissing ? null : grant, new: isMissing ? grant : null };
    await recordAct(scope, row.organization, 'repair', { doctype: 'Permission Grant', name: user }, change);
  }
  return { mended: mismatches.map(describe), left: left.map(describe) };
}

/** What is wrong with the members of an organization. */
type Fault =
  | (Pick<MembershipFinding, 'organization' | 'slug'> & {
      id: 'organization.no_supervisor';
      role: string | null;
    })
  | GrantMismatch;

const faultsMax = 1_000;

function describe(fault: Fault): MembershipFinding {
  const { id, organization, slug } = fault;
  if (id === 'organization.no_supervisor')
    return {
      id,
      organization,
      slug,
      severity: 'warn',
      what: `${slug} has no active supervisor`,
      fix:
        fault.role === null
          ? 'dartwing role seed'
          : `dartwing member add you@example.com --org ${slug} --role "${fault.role}"`,
    };
  const grant = `${fault.allow} ${fault.for_value}`;
  const what =
    id === 'member.without_grant'
      ? `${fault.user} is an active member of ${slug} without the grant for ${grant}`
      : `${fault.user} has the grant for ${grant} in ${slug} without an active membership`;
  return { id, organization, slug, severity: 'fail', what, fix: `dartwing org repair ${slug}` };
}

/** In the order of the organizations, a missing supervisor behind the grants. */
async function findFaults(tx: Tx, organization: string | undefined): Promise<Fault[]> {
  const places = await findSupervised(tx, organization);
  const mismatches = await selectMismatches(
    tx,
    places.map(({ id }) => id),
  );
  const alone = places
    .filter(({ supervised }) => !supervised)
    .map(({ id, slug, role }) => ({
      id: 'organization.no_supervisor' as const,
      organization: id,
      slug,
      role,
    }));
  const order = (a: Fault, b: Fault) =>
    a.organization < b.organization
      ? -1
      : a.organization > b.organization
        ? 1
        : a.id < b.id
          ? -1
          : a.id > b.id
            ? 1
            : 0;
  return [...mismatches, ...alone].toSorted(order).slice(0, faultsMax);
}
