import type { QueueDocument } from '../../core/jobs/index.js';
import { callOf } from '../call.js';
import { durationFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { changeQueues } from './each.js';

export const run: VerbRun = async (context, { args, flags }) => {
  context.reason('Pausing a queue');
  const forMs = durationFlag(flags, 'for');
  const dartwing = await context.open();
  const { queues } = dartwing.jobs;
  const question = (names: string) => `Pause ${names} for every organization?`;
  const sentence = ({ name, paused_until: until }: QueueDocument) =>
    `${name} is paused ${until === null ? 'until it is resumed' : `until ${until}`}; what runs goes on`;
  return changeQueues(context, args.queue, queues, { question, sentence, undo: 'resume' }, (name) =>
    queues.pause(
      name,
      { until: forMs === undefined ? undefined : new Date(Date.now() + forMs) },
      callOf(context),
    ),
  );
};
