import { callOf } from '../call.js';
import { findingsAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';
import { organizationOf } from './answer.js';

export const run: VerbRun = async (context, parsed) => {
  const organization = organizationOf(context, parsed);
  const dartwing = await context.open({ selfTest: 'version' });
  const found = await dartwing.compliance.residency(organization, callOf(context));
  const red = parsed.flags.check === true && found.findings.some(({ severity }) => severity === 'fail');
  const places = found.exits.map(({ exit, region }) => `${exit} ${region ?? 'unknown'}`).join(', ');
  return findingsAnswer(
    'compliance.residency',
    found,
    red,
    `${organization} is at home in ${found.region}: ${places}`,
  );
};
