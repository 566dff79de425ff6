/** The statement on agreements that the writing of documents asks. */
import type { Tx } from '../db/index.js';

/**
 * Whether a policy in force wants an agreement for health information, and none is good on that day. The last day counts,
 * in UTC.
 */
export async function isAgreementOver(tx: Tx, organization: string, at: Date): Promise<boolean> {
  const text = `select exists (
      select from compliance_policy p
      where p.organization = $1 and p.superseded_at is null and (p.settings ->> 'agreement_required')::boolean
        and not exists (select from business_associate_agreement a
          where a.organization = p.organization and a.expires_on >= $2::date)
    ) as over`;
  const day = at.toISOString().slice(0, 10);
  const { rows } = await tx.query<{ over: boolean }>(text, [organization, day], 'dartwing_agreement_over');
  return rows[0]!.over;
}
