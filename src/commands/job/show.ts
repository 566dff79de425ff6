import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';
import { jobDocument, jobTable, jobText } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const id = String(args.id);
  const options = { organization: context.currentOrganization(), withInput: flags.payload === true };
  const dartwing = await context.open({ selfTest: 'version' });
  const job = await dartwing.jobs.show(id, options, callOf(context));
  const within = { organization: job.organization };
  const history =
    flags.history === true ? await dartwing.jobs.history(id, within, callOf(context)) : undefined;
  return {
    document: jobDocument(job, history),
    table: { ...jobTable, sentence: jobText(context, job, history) },
  };
};
