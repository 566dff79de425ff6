import { setTimeout } from 'node:timers/promises';
import type { QueueDocument } from '../../core/jobs/index.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { operationDocument } from '../operation.js';
import type { VerbResult, VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';

/** Pauses between two looks, each twice the one before: every look leaves an entry in the trail. */
const lookMsMin = 250;
const lookMsMax = 5_000;

/** Pauses a queue and waits until nothing of it runs, as before a deployment. It stays paused. */
export const run: VerbRun = async (context, { args }) => {
  const { io, signal } = context;
  const name = String(args.queue);
  const dartwing = await context.open();
  const { queues } = dartwing.jobs;
  const call = { ...callOf(context), reason: context.global.reason ?? 'drained' };
  const { running: total } = await queues.show(name);
  await context.approve({
    danger: 'moderate',
    question: `Pause ${name} for every organization and wait for ${total} running jobs?`,
    name,
  });
  let queue = await queues.pause(name, {}, call);
  if (context.global.dryRun) return operation(context, queue, total, 'running');
  const resume = `dartwing queue resume ${name}`;
  const progress = startProgress(io, { title: `Draining ${name}`, total, op: 'queue.drain' });
  try {
    for (let pauseMs = lookMsMin; queue.running > 0; pauseMs = Math.min(2 * pauseMs, lookMsMax)) {
      await setTimeout(pauseMs, undefined, { signal });
      queue = await queues.show(name);
      progress.update(Math.max(0, total - queue.running));
    }
  } catch (error) {
    if (signal.aborted)
      io.note(
        `${name} is paused, and ${queue.running} jobs still run. Wait: dartwing queue drain ${name}  Go on: ${resume}`,
      );
    throw error;
  } finally {
    progress.end();
  }
  return operation(context, queue, total, 'completed');
};

function operation(
  { global }: CommandContext,
  queue: QueueDocument,
  total: number,
  state: 'running' | 'completed',
): VerbResult {
  const { name, queued, running } = queue;
  const resume = `dartwing queue resume ${name}`;
  const sentence = global.dryRun
    ? `${name} would be paused until ${running} running jobs have ended (dry run: nothing was written)`
    : `${name} is paused and nothing of it runs; ${queued} wait in line`;
  return {
    document: operationDocument({
      id: `queue/${name}`,
      verb: 'queue.drain',
      state,
      done: total - running,
      total,
      resume,
      result: { queued, running },
      dryRun: global.dryRun,
    }),
    table: { columns: [], sentence },
    next: [resume],
  };
}
