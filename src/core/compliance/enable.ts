/** Switching a framework on, whole or not at all. */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { DartwingError, type FieldError } from '../errors.js';
import { canonicalJson } from '../json.js';
import { limits } from '../limits.js';
import { requireOrganization } from '../tenancy/index.js';
import type { Policy, Site } from './control.js';
import { controls } from './controls/index.js';
import { keepFramework } from './disable.js';
import type { Frameworks } from './framework.js';
import { enforce, nextPolicy, readPolicy, siteOf, tellPolicy } from './policy.js';
import { countWithoutFactor } from './queries.js';
import { type ComplianceStatus, checkControls, recordEvidence, statusOf } from './status.js';
import type { Surroundings } from './surroundings.js';

export interface EnableOptions {
  /** By control: why somebody answers for it outside of dartwing. */
  acknowledge?: Readonly<Record<string, string>> | undefined;
}

/**
 * Enables a framework: every prerequisite is looked at, then the policy is put in force, then every control is tried
 * where it is enforced, all in one transaction. Whatever is missing or fails leaves everything as it was.
 * @throws FRAMEWORK_UNKNOWN, ORGANIZATION_NOT_FOUND, ORGANIZATION_STATE (dissolved), VALIDATION_ERROR (an exception that
 * nobody may make), COMPLIANCE_PREREQUISITES that names each missing thing with its fix, PERMISSION_DENIED
 */
export async function enableFramework(
  scope: Scope,
  ref: string,
  name: string,
  { acknowledge = {} }: EnableOptions,
  known: Frameworks,
  around: Surroundings,
): Promise<Change<ComplianceStatus>> {
  const framework = known.require(name);
  requireExceptions(acknowledge, framework.controls);
  const organization = await requireOrganization(scope, ref, true);
  authorize(scope, 'administer', { doctype: 'Organization', name: organization.id });
  if (organization.status === 'dissolved')
    throw new DartwingError('ORGANIZATION_STATE', {
      slug: organization.slug,
      state: 'dissolved',
      action: 'put under a framework',
    });
  const before = await readPolicy(scope, organization.id);
  const policy = nextPolicy(before, [...before.frameworks, name], known, acknowledge);
  const site = siteOf(scope, organization, policy, known, around);
  const isSame = before.frameworks.includes(name) && asksTheSame(before, policy);
  const kept = await keepFramework(scope, organization, name);
  if (isSame) {
    const status = statusOf(site, framework, await checkControls(site, framework));
    const ref_ = `compliance/${organization.slug}/${name}`;
    // Whoever wanted it to end has to ask anew.
    const op = kept === undefined ? 'none' : 'update';
    return changeDocument(scope, { op, ref: ref_, before: status, after: status, audit: kept ?? null });
  }
  await requirePrerequisites(site, framework);
  const hash = await enforce(scope, organization.id, policy);
  const checks = await checkControls(site, framework);
  const failed = checks.filter(({ result }) => result === 'fail');
  if (failed.length > 0)
    throw refused(
      site,
      framework.title,
      failed.map(({ id, evidence, fix }) => ({ control: id, what: evidence, fix: fix ?? '' })),
    );
  await recordEvidence(site, checks);
  const after = statusOf(site, framework, checks);
  const switchedOn = checks.map(({ id }) => id);
  const audit = await recordAct(
    scope,
    organization.id,
    'compliance.enable',
    { doctype: 'Compliance Policy', name: String(policy.version), organization: organization.id },
    {
      old: tellPolicy(before),
      new: { ...tellPolicy(policy), hash, framework: name, controls: switchedOn },
    },
  );
  const change = changeDocument(scope, {
    op: before.frameworks.includes(name) ? 'update' : 'create',
    ref: `compliance/${organization.slug}/${name}`,
    before: null,
    after,
    audit,
    warnings: await warningsOf(site),
    undo: `dartwing ${name} disable ${organization.slug} --reason "…" --confirm ${organization.slug}`,
  });
  return { ...change, switched_on: switchedOn } as Change<ComplianceStatus>;
}

/** A framework that asks for more than it did when it was enabled is put in force anew. */
function asksTheSame(one: Policy, other: Policy): boolean {
  const words = ({ settings, exceptions }: Policy) => canonicalJson({ settings, exceptions });
  return words(one) === words(other);
}

/** @throws VALIDATION_ERROR */
function requireExceptions(
  acknowledge: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): void {
  for (const [id, reason] of Object.entries(acknowledge)) {
    const control = controls.get(id);
    const wrong =
      control === undefined || !(id in wanted)
        ? `${id.slice(0, 40)} is no control of this framework`
        : control.acknowledgeable !== true
          ? `${id} is enforced by dartwing; nobody can answer for it instead`
          : reason.trim().length < 3 || reason.length > limits.reasonCharsMax
            ? `${id} needs a reason of 3 to ${limits.reasonCharsMax} characters`
            : undefined;
    if (wrong !== undefined) throw new DartwingError('VALIDATION_ERROR', { message: wrong });
  }
}

interface Shortfall {
  control: string;
  what: string;
  fix: string;
}

async function requirePrerequisites(
  site: Site,
  { title, controls: wanted }: { title: string; controls: Readonly<Record<string, string>> },
): Promise<void> {
  const missing: Shortfall[] = [];
  for (const id of Object.keys(wanted)) {
    const found = await controls.get(id)!.missing?.(site);
    if (found !== undefined) missing.push({ control: id, ...found });
  }
  if (missing.length > 0) throw refused(site, title, missing);
}

function refused({ organization }: Site, title: string, shortfalls: readonly Shortfall[]): DartwingError {
  const fields: FieldError[] = shortfalls.map(({ control, what }) => ({ path: control, message: what }));
  return new DartwingError(
    'COMPLIANCE_PREREQUISITES',
    { framework: title, org: organization.slug, count: shortfalls.length },
    { fields, fix: shortfalls.map(({ control, fix }) => `${control}: ${fix}`) },
  );
}

/** What those who work there will notice. */
async function warningsOf({ scope, organization, policy, around }: Site): Promise<string[]> {
  const warnings: string[] = [];
  if (policy.settings.mfa_required && around.signIn === 'lite') {
    const count = await countWithoutFactor(scope.tx, organization.id);
    if (count > 0)
      warnings.push(`${count} members have no second factor yet; they are let in when they have one`);
  }
  for (const [control, reason] of Object.entries(policy.exceptions))
    warnings.push(`${control} is answered for outside of dartwing: ${reason}`);
  return warnings;
}
