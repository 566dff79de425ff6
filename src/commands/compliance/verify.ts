import { callOf } from '../call.js';
import { textFlag } from '../flag-values.js';
import { findingsAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';
import { organizationOf } from './answer.js';

export const run: VerbRun = async (context, parsed) => {
  const organization = organizationOf(context, parsed);
  const control = textFlag(parsed.flags, 'control');
  const dartwing = await context.open({ selfTest: 'version' });
  const found = await whileShown(context, 'Trying controls', () =>
    dartwing.compliance.verify(organization, { control }, callOf(context)),
  );
  const red = found.findings.some(({ severity }) => severity === 'fail');
  const well = found.items.length === 0 ? 'no framework is enabled' : `${found.pass} controls passed`;
  return findingsAnswer('compliance.verify', found, red, `${organization}: ${well}`);
};

/** All frameworks of an organization are tried together: their controls are the same. */
export const runFor = (): VerbRun => run;
