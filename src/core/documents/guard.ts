/**
 * Restricted mode: while a control fails that has to prove who saw health information, none is shown. What failed is the
 * newest evidence of the policy in force, so the next check that passes ends it, and nothing has to be lifted by hand.
 */
import type { Scope } from '../access/index.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';

/** Controls without which no health information is shown. */
export const readingControls: readonly string[] = ['phi.read', 'audit.immutable'];

/** The first of them that has failed where a framework is in force. */
export async function findFailedControl(tx: Tx, organization: string): Promise<string | undefined> {
  const text = `select newest.control from compliance_policy p
    cross join unnest($2::text[]) with ordinality as wanted (control, place)
    cross join lateral (
      select control, result from compliance_evidence e
      where e.organization = p.organization and e.control = wanted.control and e.policy_version = p.version
      order by checked_at desc, id desc limit 1
    ) as newest
    where p.organization = $1 and p.superseded_at is null and newest.result = 'fail' order by wanted.place limit 1`;
  const { rows } = await tx.query<{ control: string }>(
    text,
    [organization, readingControls],
    'dartwing_failed_control',
  );
  return rows[0]?.control;
}

/** @throws CONTROL_FAILED, but to the control itself, which has to read in order to be tried */
export async function requireProvable({ tx, principal }: Scope, organization: string): Promise<void> {
  if (principal.type === 'system' && principal.id === 'compliance') return;
  const control = await findFailedControl(tx, organization);
  if (control !== undefined) throw new DartwingError('CONTROL_FAILED', { org: organization, control });
}
