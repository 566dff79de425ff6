/** Where data of an organization go, and whether they may. */
import type { Scope } from '../access/index.js';
import type { ExitState, Router } from '../residency/index.js';
import { requireOrganization } from '../tenancy/index.js';
import { mayLook } from './status.js';

/** What was found of every exit. */
export interface ResidencyFindings {
  region: string;
  pinned: boolean;
  exits: ExitState[];
  findings: { id: string; severity: 'warn' | 'fail'; what: string; fix: string }[];
  pass: number;
}

const fix = 'Set regions to where each is: DARTWING_REGIONS=database=eu-central-1,archive=eu-central-1';

/** @throws ORGANIZATION_NOT_FOUND, PERMISSION_DENIED */
export async function checkResidency(scope: Scope, ref: string, router: Router): Promise<ResidencyFindings> {
  const { id } = await requireOrganization(scope, ref);
  mayLook(scope, id);
  const { home, exits } = await router.look(scope.tx, id);
  const findings = exits.flatMap(({ exit, region, refusal }): ResidencyFindings['findings'] => {
    if (refusal !== null)
      return [
        {
          id: exit,
          severity: 'fail',
          what: `${home.slug} is at home in ${home.region}: ${refusal}`,
          fix,
        },
      ];
    if (region === null)
      return [
        {
          id: exit,
          severity: 'warn',
          what: `Nobody has said in which region this is: ${exit}`,
          fix,
        },
      ];
    return [];
  });
  return { region: home.region, pinned: home.pinned, exits, findings, pass: exits.length - findings.length };
}
