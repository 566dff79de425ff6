import { setTimeout } from 'node:timers/promises';
import type { JobDocument } from '../../core/index.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';
import { jobDocument, jobTable, jobText } from './answer.js';

const lookMs = 500;
const ended: readonly string[] = ['completed', 'canceled', 'dead_letter'];

export const run: VerbRun = async (context, { args }) => {
  const id = String(args.id);
  const dartwing = await context.open();
  const call = callOf(context);
  let job = await dartwing.jobs.show(id, { organization: context.currentOrganization() }, call);
  // Bound to its organization, looking again leaves no trace in the trail of the installation.
  const within = { organization: job.organization };
  const progress = startProgress(context.io, { title: wordsOf(job), total: 100, done: job.progress, op: id });
  try {
    while (!ended.includes(job.state)) {
      await setTimeout(lookMs, undefined, { signal: context.signal });
      job = await dartwing.jobs.show(id, within, call);
      progress.update(job.progress, wordsOf(job));
    }
  } catch (error) {
    if (context.signal.aborted) detach(context, id);
    throw error;
  } finally {
    progress.end();
  }
  return {
    document: jobDocument(job),
    findings: job.state !== 'completed',
    table: { ...jobTable, sentence: jobText(context, job) },
  };
};

function wordsOf({ id, type, state, progress_message: message }: JobDocument): string {
  return [id, type, state, message ?? ''].join(' ').trim();
}

/** The job goes on without its watcher. */
function detach({ io }: CommandContext, id: string): void {
  io.note(`Still running. Watch: dartwing job watch ${id}  Cancel: dartwing job cancel ${id}`);
}
