import { callOf } from '../call.js';
import { numberFlag } from '../flag-values.js';
import { findingsAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';
import { scopeOfKeys } from './answer.js';

export const run: VerbRun = async (context, parsed) => {
  const organization = scopeOfKeys(context, parsed);
  const samples = numberFlag(parsed.flags, 'samples', 1, 1_000_000);
  const dartwing = await context.open();
  const found = await whileShown(context, 'Opening samples', () =>
    dartwing.keys.verify({ organization, samples }, callOf(context)),
  );
  const alarming = found.findings.some(({ severity }) => severity === 'fail');
  return findingsAnswer('key.verify', found, alarming, `${found.pass} sealed values opened`);
};
