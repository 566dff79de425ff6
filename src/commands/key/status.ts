import { callOf } from '../call.js';
import { findingsAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';
import { scopeOfKeys } from './answer.js';

export const run: VerbRun = async (context, parsed) => {
  const organization = scopeOfKeys(context, parsed);
  const dartwing = await context.open();
  const found = await dartwing.keys.status({ organization }, callOf(context));
  const alarming = parsed.flags.check === true && found.findings.length > 0;
  return findingsAnswer('key.status', found, alarming, `${found.pass} data keys: nothing needs attention`);
};
