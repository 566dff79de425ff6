/**
 * Taking a framework out of force. Somebody asks for it, somebody else approves it, and a day passes: whoever has one
 * account in their hands, or one bad hour, switches nothing off. The trail tells of each step. Enabling the framework again
 * takes the wish back.
 */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type OrganizationRow, requireOrganization } from '../tenancy/index.js';
import {
  approveDisabling,
  type DisablingRow,
  deleteDisabling,
  insertDisabling,
  lockDisabling,
} from './disable-queries.js';
import { type Disabling, disablingOf } from './disabling.js';
import type { Frameworks } from './framework.js';
import { enforce, nextPolicy, readPolicy, tellPolicy } from './policy.js';

type Answer = Change<Disabling>;

/**
 * Asks for it. Repeated once somebody else has approved it and its time has come, it is taken out of force.
 * @throws FRAMEWORK_UNKNOWN, FRAMEWORK_NOT_ENABLED, REASON_REQUIRED, ORGANIZATION_NOT_FOUND, PERMISSION_DENIED
 */
export async function disableFramework(
  scope: Scope,
  ref: string,
  name: string,
  known: Frameworks,
): Promise<Answer> {
  const organization = await requireEnabled(scope, ref, name, known);
  const { tx, clock, principal } = scope;
  const reason = (scope.reason ?? '').trim();
  const pending = await lockDisabling(tx, organization.id, name);
  if (pending !== undefined) {
    if (pending.approved_at !== null && pending.due_at <= clock.now())
      return takeOut(scope, organization, pending, known);
    return answer(scope, organization, 'none', pending, pending, null, [whatIsLeft(organization, pending)]);
  }
  if (reason === '') throw new DartwingError('REASON_REQUIRED', { action: 'Disabling a framework' });
  const asked: DisablingRow = {
    organization: organization.id,
    framework: name,
    reason,
    asked_at: clock.now(),
    asked_by: principal.id,
    due_at: new Date(clock.now().getTime() + limits.disablingDelayMs),
    approved_at: null,
    approved_by: null,
  };
  await insertDisabling(tx, asked);
  const audit = await record(scope, asked, 'compliance.disable.ask');
  return answer(scope, organization, 'create', undefined, asked, audit, [whatIsLeft(organization, asked)]);
}

/**
 * Somebody else than who asked agrees. When its time has come the framework goes out of force with it.
 * @throws DISABLING_NOT_FOUND, SECOND_APPROVER_REQUIRED, FRAMEWORK_UNKNOWN, FRAMEWORK_NOT_ENABLED, ORGANIZATION_NOT_FOUND,
 * PERMISSION_DENIED
 */
export async function approveDisable(
  scope: Scope,
  ref: string,
  name: string,
  known: Frameworks,
): Promise<Answer> {
  const organization = await requireEnabled(scope, ref, name, known);
  const { tx, clock, principal } = scope;
  const pending = await lockDisabling(tx, organization.id, name);
  if (pending === undefined)
    throw new DartwingError('DISABLING_NOT_FOUND', { framework: name, org: organization.slug });
  if (pending.asked_by === principal.id)
    throw new DartwingError('SECOND_APPROVER_REQUIRED', { framework: name, by: principal.id });
  const isDue = pending.due_at <= clock.now();
  if (pending.approved_at !== null && !isDue)
    return answer(scope, organization, 'none', pending, pending, null, [whatIsLeft(organization, pending)]);
  const approved =
    pending.approved_at === null
      ? { ...pending, approved_at: clock.now(), approved_by: principal.id }
      : pending;
  let audit: string | null = null;
  if (approved !== pending) {
    await approveDisabling(tx, approved);
    audit = await record(scope, approved, 'compliance.disable.approve');
  }
  if (isDue) return takeOut(scope, organization, approved, known);
  return answer(scope, organization, 'update', pending, approved, audit, [
    whatIsLeft(organization, approved),
  ]);
}

/** Takes a framework out of force if it was approved and has waited. Returns whether it did. */
export async function disableIfDue(
  scope: Scope,
  { organization: id, framework }: Pick<DisablingRow, 'organization' | 'framework'>,
  known: Frameworks,
): Promise<boolean> {
  const organization = await requireOrganization(scope, id, true);
  const pending = await lockDisabling(scope.tx, id, framework);
  // Somebody may have ended it, or taken the wish back, since it was listed.
  if (pending === undefined || pending.approved_at === null || pending.due_at > scope.clock.now())
    return false;
  await takeOut(scope, organization, pending, known);
  return true;
}

/** Takes the wish back, because somebody enables the framework. Returns the id of the entry, if there was a wish. */
export async function keepFramework(
  scope: Scope,
  { id }: Pick<OrganizationRow, 'id'>,
  name: string,
): Promise<string | undefined> {
  const pending = await lockDisabling(scope.tx, id, name);
  if (pending === undefined) return undefined;
  await deleteDisabling(scope.tx, id, name);
  return record(scope, pending, 'compliance.disable.withdraw');
}

/** What another enabled framework asks for stays; evidence, agreements and sealed values stay. */
async function takeOut(
  scope: Scope,
  organization: OrganizationRow,
  pending: DisablingRow,
  known: Frameworks,
): Promise<Answer> {
  const { framework: name } = pending;
  const before = await readPolicy(scope, organization.id);
  const policy = nextPolicy(
    before,
    before.frameworks.filter((other) => other !== name),
    known,
    {},
  );
  const reasoned = { ...scope, reason: pending.reason };
  const hash = await enforce(reasoned, organization.id, policy);
  await deleteDisabling(scope.tx, organization.id, name);
  const audit = await recordAct(
    reasoned,
    organization.id,
    'compliance.disable',
    { doctype: 'Compliance Policy', name: String(policy.version), organization: organization.id },
    {
      old: tellPolicy(before),
      new: {
        ...tellPolicy(policy),
        hash,
        framework: name,
        asked_by: pending.asked_by,
        approved_by: pending.approved_by,
      },
    },
  );
  return changeDocument<Disabling>(scope, {
    op: 'delete',
    ref: `compliance/${organization.slug}/${name}`,
    before: disablingOf(pending),
    after: { ...disablingOf(pending), state: 'disabled', policy: tellPolicy(policy) },
    audit,
    undo: `dartwing ${name} enable ${organization.slug}`,
  });
}

async function requireEnabled(
  scope: Scope,
  ref: string,
  name: string,
  known: Frameworks,
): Promise<OrganizationRow> {
  known.require(name);
  const organization = await requireOrganization(scope, ref, true);
  authorize(scope, 'administer', { doctype: 'Organization', name: organization.id });
  const { frameworks } = await readPolicy(scope, organization.id);
  if (!frameworks.includes(name))
    throw new DartwingError('FRAMEWORK_NOT_ENABLED', { framework: name, org: organization.slug });
  return organization;
}

function whatIsLeft({ slug }: OrganizationRow, { framework, approved_at, due_at }: DisablingRow): string {
  const when = `not before ${due_at.toISOString()}`;
  return approved_at === null
    ? `${framework} stays in force until somebody else approves it (dartwing compliance approve ${framework} --org ${slug}), and ${when}`
    : `${framework} stays in force, ${when}`;
}

function record(scope: Scope, row: DisablingRow, action: string): Promise<string> {
  const { organization, framework } = row;
  const ref = { doctype: 'Compliance Framework', name: framework, organization };
  return recordAct(scope, organization, action, ref, { new: disablingOf(row) });
}

function answer(
  scope: Scope,
  { slug }: OrganizationRow,
  op: 'none' | 'create' | 'update',
  before: DisablingRow | undefined,
  after: DisablingRow,
  audit: string | null,
  warnings: string[],
): Answer {
  return changeDocument<Disabling>(scope, {
    op,
    ref: `compliance/${slug}/${after.framework}/disabling`,
    before: before === undefined ? null : disablingOf(before),
    after: disablingOf(after),
    audit,
    warnings,
    undo: `dartwing ${after.framework} enable ${slug}`,
  });
}
