/** Reads the present state, and carries actions out: one organization, one transaction. */
import { authorize, type Change, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import {
  addMember,
  changeMemberRole,
  listMembers,
  type MemberDocument,
  removeMember,
} from '../people/index.js';
import {
  concreteTypes,
  createOrganization,
  type OrganizationDocument,
  organizationFacts,
  requireOrganization,
  resolvePersons,
  showOrganization,
  updateOrganizationSettings,
} from '../tenancy/index.js';
import type { WantedOrganization } from './document.js';
import { type Action, actionsOf, type FoundOrganization, fingerprint } from './plan.js';

export type AppliedChange = Change<OrganizationDocument> | Change<MemberDocument>;

/** The organization of a slug as it is; undefined when there is none. `lock` keeps it so until the transaction ends. */
export async function findState(
  scope: Scope,
  slug: string,
  lock = false,
): Promise<FoundOrganization | undefined> {
  authorize(scope, 'read', { doctype: 'Organization', name: slug });
  const row = await requireOrganization(scope, slug, lock).catch((error: unknown) => {
    if ((error as DartwingError).code === 'ORGANIZATION_NOT_FOUND') return undefined;
    throw error;
  });
  if (row === undefined) return undefined;
  const [organization, members] = await Promise.all([
    showOrganization(scope, row.id),
    listMembers(scope, row.id),
  ]);
  const active = members
    .filter((member) => member.status.state === 'active')
    .map(({ email, role }) => ({ email, role }));
  return { organization, members: active };
}

/** A wanted organization with its officers, partners and agents by person id, where these persons exist already. */
export async function resolveKnownPersons(
  scope: Scope,
  wanted: WantedOrganization,
): Promise<WantedOrganization> {
  const concrete = await resolvePersons(scope, wanted.type, wanted.concrete).catch((error: unknown) => {
    if ((error as DartwingError).code === 'PERSON_NOT_FOUND') return wanted.concrete;
    throw error;
  });
  return { ...wanted, concrete };
}

/**
 * Makes one organization as wanted, from whatever state it is in.
 * @param seen fingerprint of the state that it has to be in
 * @throws PLAN_STALE and everything that the verbs of tenancy and people throw; nothing is kept then
 */
export async function executeOrganization(
  scope: Scope,
  wanted: WantedOrganization,
  prune: boolean,
  seen: string | undefined,
): Promise<AppliedChange[]> {
  const found = await findState(scope, wanted.slug, true);
  if (seen !== undefined && fingerprint(found) !== seen) throw stale(wanted);
  const [organization, ...members] = actionsOf(await resolveKnownPersons(scope, wanted), found, prune);
  const changes: AppliedChange[] = [];
  if (organization!.op === 'create') {
    const created = createOrganization(scope, creation(wanted)).catch((error: unknown) => {
      // Somebody created it since we looked, when there was nothing yet to lock.
      throw (error as DartwingError).code === 'ORGANIZATION_EXISTS' ? stale(wanted) : error;
    });
    changes.push(await created);
  }
  changes.push(...(await executeMembers(scope, inSafeOrder(members))));
  // After the members, because officers and partners may be among them.
  if (organization!.op === 'update')
    changes.unshift(await updateOrganizationSettings(scope, wanted.slug, settings(wanted)));
  if (organization!.op === 'create' && Object.keys(personal(wanted)).length > 0) {
    changes[0] = {
      ...(await updateOrganizationSettings(scope, wanted.slug, { concrete: personal(wanted) })),
      op: 'create',
      before: null,
    };
  }
  return changes;
}

function stale({ slug }: WantedOrganization): DartwingError {
  return new DartwingError('PLAN_STALE', { changed: `org/${slug}` });
}

function creation(wanted: WantedOrganization) {
  const later = personal(wanted);
  const concrete = Object.fromEntries(Object.entries(wanted.concrete).filter(([key]) => !(key in later)));
  return {
    slug: wanted.slug,
    type: wanted.type,
    name: wanted.name,
    region: wanted.region,
    tier: wanted.tier,
    logo: wanted.logo,
    legalHold: wanted.legal_hold,
    mfaRequired: wanted.mfa_required,
    sessionTimeoutMinutes: wanted.session_timeout_minutes,
    concrete,
  };
}

/** Concrete fields that name persons. */
function personal({ type, concrete }: WantedOrganization): Record<string, unknown> {
  const keys = concreteTypes[type].children
    .filter((child) => 'person' in child.fields)
    .map((child) => child.key);
  return Object.fromEntries(
    Object.entries(concrete).filter(([key]) => keys.includes(key) || key === 'registered_agent'),
  );
}

function settings({
  name,
  tier,
  logo,
  legal_hold,
  mfa_required,
  session_timeout_minutes,
  concrete,
}: WantedOrganization) {
  return { name, tier, logo, legal_hold, mfa_required, session_timeout_minutes, concrete };
}

/** Whoever joins or changes comes before whoever leaves, so that a new supervisor stands before the old one goes. */
function inSafeOrder(actions: readonly Action[]): Action[] {
  const rank = { create: 0, update: 1, delete: 2, none: 3 };
  return actions.filter((action) => action.op !== 'none').sort((a, b) => rank[a.op] - rank[b.op]);
}

/** A supervisor who cannot leave yet is asked again after the others: the next one may be further down the list. */
async function executeMembers(scope: Scope, actions: readonly Action[]): Promise<Change<MemberDocument>[]> {
  const changes: Change<MemberDocument>[] = [];
  const again: Action[] = [];
  for (const action of actions) {
    try {
      changes.push(await executeMember(scope, action));
    } catch (error) {
      if ((error as DartwingError).code !== 'LAST_SUPERVISOR') throw error;
      again.push(action);
    }
  }
  for (const action of again) changes.push(await executeMember(scope, action));
  return changes;
}

async function executeMember(scope: Scope, action: Action): Promise<Change<MemberDocument>> {
  // The address may itself have a slash.
  const email = action.ref.slice(`member/${action.org}/`.length);
  const facts = organizationFacts(await requireOrganization(scope, action.org));
  const role = String(action.diff[0]!.to);
  if (action.op === 'create') return { ...(await addMember(scope, facts, email, role)), op: 'create' };
  return action.op === 'update'
    ? changeMemberRole(scope, facts, email, role)
    : removeMember(scope, facts, email);
}
