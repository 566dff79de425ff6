/** Controls on where data are. */
import { openRouter } from '../../residency/index.js';
import { type Control, fail, type Outcome, pass, refusalOf, type Site } from '../control.js';

const fix =
  'Set regions to where database, archive, exports and keys are: dartwing help environment (DARTWING_REGIONS)';

async function checkRegions(site: Site): Promise<Outcome> {
  const { scope, organization, around, policy, frameworks } = site;
  const { home, exits } = await around.router.look(scope.tx, organization.id);
  const foreign = openRouter({ session: around.session, regions: { export: `not-${home.region}` } });
  const refusal = await refusalOf(async () => foreign.requireOf(home, 'export'));
  if (refusal !== 'RESIDENCY_REFUSED')
    return fail(
      'An export to another region was let through',
      'Nobody should export with this version; report it',
    );
  const allowed = frameworks
    .filter(({ controls }) => 'residency' in controls)
    .find(({ regions }) => !regions.includes(home.region));
  if (allowed !== undefined)
    return fail(
      `${organization.slug} is at home in ${home.region}, ${allowed.title} wants ${allowed.regions.join(' or ')}`,
      'Create an organization in such a region and move its data',
    );
  const wrong = exits.find((exit) => exit.region !== null && exit.refusal !== null);
  if (wrong !== undefined)
    return fail(`${organization.slug} is at home in ${home.region}: ${wrong.refusal}`, fix);
  const answered = policy.exceptions.residency;
  if (answered !== undefined) return { result: 'warn', evidence: `Answered for: ${answered}` };
  const unknown = exits.filter(({ region }) => region === null).map(({ exit }) => exit);
  if (unknown.length > 0)
    return fail(`Nobody has said in which region these are: ${unknown.join(', ')}`, fix);
  return pass(
    `Database, archive, exports and keys are in ${home.region}; an export to another region was refused`,
  );
}

export const residencyControls: readonly Control[] = [
  {
    id: 'residency',
    title: 'Data stay in the region of their organization',
    enforced:
      'residency: one router, before an organization is created, a segment is archived, rows are exported',
    acknowledgeable: true,
    missing: async (site) => {
      const outcome = await checkRegions(site);
      return outcome.result === 'fail' ? { what: outcome.evidence, fix: outcome.fix! } : undefined;
    },
    check: checkRegions,
  },
];
