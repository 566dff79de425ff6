import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';
import { changeQueues } from './each.js';

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open();
  const { queues } = dartwing.jobs;
  const sentence = ({ name }: { name: string }) => `${name} goes on`;
  return changeQueues(context, args.queue, queues, { sentence }, (name) =>
    queues.resume(name, callOf(context)),
  );
};
