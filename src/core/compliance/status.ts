/** How controls stand, asked where they are enforced, and the evidence that is kept of it. */
import { authorize, recordAct, type Scope } from '../access/index.js';
import { uuidv7 } from '../ids.js';
import { limits } from '../limits.js';
import { agreementState } from './agreement.js';
import type { Outcome, Site } from './control.js';
import { controls } from './controls/index.js';
import type { Disabling } from './disabling.js';
import type { Framework } from './framework.js';
import { type EvidenceRow, insertEvidence, latestEvidence, listAgreements } from './queries.js';

/** One control as it was found. */
export interface ControlState extends Outcome {
  id: string;
  title: string;
  citation: string;
  enforced: string;
}

/** The document `ComplianceStatus`. */
export interface ComplianceStatus {
  api_version: 'dartwing/v1';
  kind: 'ComplianceStatus';
  framework: string;
  org: string;
  enabled: boolean;
  policy_version: number;
  checked_at: string;
  controls: { pass: number; warn: number; fail: number };
  items: ControlState[];
  /** Somebody wants it to end; null while nobody does. */
  disabling: Disabling | null;
  /** The control for whose sake no health information is shown at present; null while it is. */
  restricted_by: string | null;
  [key: string]: unknown;
}

/** Tries every control of a framework, or one of them. */
export async function checkControls(
  site: Site,
  framework: Framework,
  only?: string,
): Promise<ControlState[]> {
  const states: ControlState[] = [];
  for (const [id, citation] of Object.entries(framework.controls)) {
    if (only !== undefined && id !== only) continue;
    const { title, enforced, check } = controls.get(id)!;
    states.push({ id, title, citation: `${framework.title} ${citation}`, enforced, ...(await check(site)) });
  }
  return states;
}

export function statusOf(
  { scope, organization, policy, disablings, restrictedBy }: Site,
  { framework }: Framework,
  items: ControlState[],
): ComplianceStatus {
  const count = (result: Outcome['result']) => items.filter((item) => item.result === result).length;
  return {
    api_version: 'dartwing/v1',
    kind: 'ComplianceStatus',
    framework,
    org: organization.slug,
    enabled: policy.frameworks.includes(framework),
    policy_version: policy.version,
    checked_at: scope.clock.now().toISOString(),
    controls: { pass: count('pass'), warn: count('warn'), fail: count('fail') },
    items,
    disabling: disablings?.find((one) => one.framework === framework) ?? null,
    restricted_by: restrictedBy ?? null,
  };
}

/** The agreement that counts now. */
export async function agreementOf(scope: Scope, organization: string) {
  const [row] = await listAgreements(scope.tx, organization);
  if (row === undefined) return { state: 'none', expires_on: null };
  return { state: agreementState(row, scope.clock.now()), expires_on: row.expires_on };
}

/**
 * Keeps what was found: of each control when it differs from before, and once a day. Returns the controls that got
 * worse.
 */
export async function recordEvidence(
  { scope, organization, policy }: Site,
  states: readonly ControlState[],
): Promise<string[]> {
  const now = scope.clock.now();
  const before = new Map(
    (await latestEvidence(scope.tx, organization.id)).map((row) => [row.control, row] as const),
  );
  const due = states.filter((state) => isNews(before.get(state.id), state, policy.version, now));
  await insertEvidence(
    scope.tx,
    organization.id,
    due.map(({ id, result, evidence }) => ({
      id: uuidv7(now),
      control: id,
      checked_at: now,
      result,
      evidence,
      policy_version: policy.version,
    })),
  );
  const worse = due
    .filter(({ id, result }) => result === 'fail' && before.get(id)?.result !== 'fail')
    .map(({ id }) => id);
  if (due.length > 0)
    await recordAct(
      scope,
      organization.id,
      worse.length > 0 && before.size > 0 ? 'compliance.drift' : 'compliance.check',
      { doctype: 'Compliance Policy', name: String(policy.version), organization: organization.id },
      { new: Object.fromEntries(due.map(({ id, result, evidence }) => [id, { result, evidence }])) },
    );
  return worse;
}

function isNews(before: EvidenceRow | undefined, state: ControlState, version: number, now: Date): boolean {
  return (
    before === undefined ||
    before.result !== state.result ||
    before.policy_version !== version ||
    now.getTime() - before.checked_at.getTime() >= limits.evidenceRepeatMs
  );
}

/** @throws PERMISSION_DENIED */
export function mayLook(scope: Scope, organization: string): void {
  authorize(scope, 'read', { doctype: 'Organization', name: organization });
}
