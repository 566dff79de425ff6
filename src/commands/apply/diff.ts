import { textsFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { changesSomething, planDocument, planText } from './answer.js';
import { readSources } from './sources.js';

export const run: VerbRun = async (context, { flags }) => {
  const files = await readSources(context, textsFlag(flags, 'file'));
  const dartwing = await context.open();
  const plan = await dartwing.apply.plan(files, { prune: flags.prune === true });
  return {
    document: planDocument(plan),
    findings: changesSomething(plan),
    table: { columns: [], sentence: planText(context.io, plan) },
  };
};
