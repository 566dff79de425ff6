/** Controls on what people have agreed. */
import { agreementState } from '../agreement.js';
import { type Control, fail, pass } from '../control.js';
import { listAgreements } from '../queries.js';

const baaFix = (slug: string) =>
  `dartwing compliance baa add --org ${slug} --counterparty "…" --signed <day> --expires <day> --file <contract>`;

export const governanceControls: readonly Control[] = [
  {
    id: 'baa',
    title: 'A business associate agreement is signed and has not run out',
    enforced: 'compliance: without one nothing is enabled; afterwards it is looked at every 15 minutes',
    missing: async ({ scope, organization }) => {
      const [agreement] = await listAgreements(scope.tx, organization.id);
      if (agreement === undefined)
        return { what: 'There is no business associate agreement', fix: baaFix(organization.slug) };
      return agreementState(agreement, scope.clock.now()) === 'expired'
        ? {
            what: `The agreement with ${agreement.counterparty} ended on ${agreement.expires_on}`,
            fix: baaFix(organization.slug),
          }
        : undefined;
    },
    check: async ({ scope, organization }) => {
      const [agreement] = await listAgreements(scope.tx, organization.id);
      if (agreement === undefined) return fail('There is none', baaFix(organization.slug));
      const { id, counterparty, expires_on } = agreement;
      const seen = `${id} with ${counterparty} is good until ${expires_on}`;
      const state = agreementState(agreement, scope.clock.now());
      if (state === 'expired') return fail(`${id} ended on ${expires_on}`, baaFix(organization.slug));
      return state === 'expiring'
        ? { result: 'warn', evidence: seen, fix: baaFix(organization.slug) }
        : pass(seen);
    },
  },
];
