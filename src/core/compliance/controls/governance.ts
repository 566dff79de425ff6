/** Controls on what people have agreed. */
import { isAgreementOver } from '../../documents/index.js';
import { agreementState } from '../agreement.js';
import { type Control, fail, pass } from '../control.js';
import { listAgreements } from '../queries.js';

const baaFix = (slug: string) =>
  `dartwing compliance baa add --org ${slug} --counterparty "…" --signed <day> --expires <day> --file <contract>`;

/** A policy that was put in force before it said so. */
const enableFix = (slug: string) =>
  `Put today's rules in force: dartwing compliance enable <framework> --org ${slug} --reason "…"`;

const dayMs = 86_400_000;

export const governanceControls: readonly Control[] = [
  {
    id: 'baa',
    title: 'A business associate agreement is signed and has not run out',
    enforced:
      'documents: nothing is enabled without one, and health information is not written after its last day',
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
      const dayAfter = new Date(Date.parse(expires_on) + dayMs);
      if (!(await isAgreementOver(scope.tx, organization.id, dayAfter)))
        return fail(`Health information would be written after ${expires_on}`, enableFix(organization.slug));
      const state = agreementState(agreement, scope.clock.now());
      if (state === 'expired') return fail(`${id} ended on ${expires_on}`, baaFix(organization.slug));
      return state === 'expiring'
        ? { result: 'warn', evidence: seen, fix: baaFix(organization.slug) }
        : pass(seen);
    },
  },
];
