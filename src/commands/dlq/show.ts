import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { jobDocument, jobTable, jobText } from '../job/answer.js';
import type { VerbRun } from '../spec.js';

/** One dead letter with everything that helps to decide: every attempt, the error, and what can be done. */
export const run: VerbRun = async (context, { args, flags }) => {
  const id = String(args.id);
  const options = { organization: context.currentOrganization(), withInput: flags.payload === true };
  const dartwing = await context.open({ selfTest: 'version' });
  const job = await dartwing.jobs.show(id, options, callOf(context));
  if (job.state !== 'dead_letter')
    throw new DartwingError('JOB_STATE', { id, state: job.state, action: 'decided upon as a dead letter' });
  const history = await dartwing.jobs.history(id, { organization: job.organization }, callOf(context));
  return {
    document: jobDocument(job, history),
    table: { ...jobTable, sentence: jobText(context, job, history) },
    next: [
      `dartwing dlq replay ${id}`,
      `dartwing dlq replay ${id} --data-file input.json   (with another input)`,
      `dartwing dlq resolve ${id} --note "…"`,
      `dartwing dlq discard ${id} --reason "…"`,
    ],
  };
};
