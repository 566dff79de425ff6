import { reportAnswer, scopeOf } from '../report.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = scopeOf(undefined, flags.all === true, context.currentOrganization());
  const dartwing = await context.open({ selfTest: 'version' });
  const found = await dartwing.permissions.orphans(organization);
  const findings = found.map(({ id, slug, user, allow, for_value, ...rest }) => ({
    ...rest,
    id,
    severity: 'fail' as const,
    what:
      id === 'grant.without_member'
        ? `${user} has the grant for ${allow} ${for_value} in ${slug} without an active membership`
        : `${user} is an active member of ${slug} without the grant for ${allow} ${for_value}`,
    fix: `dartwing permission rebuild --org ${slug}`,
  }));
  return reportAnswer(
    {
      api_version: 'dartwing/v1',
      kind: 'Report',
      check: 'permission.orphans',
      ok: findings.length === 0,
      findings,
      summary: { pass: findings.length === 0 ? 1 : 0, warn: 0, fail: findings.length },
    },
    organization ?? 'All organizations',
  );
};
