import { callOf } from '../call.js';
import { durationFlag, numberFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { queueList, queueTable } from './answer.js';

/** Above these a backlog is worth a look (requirements §12.9). */
const depthMax = 1_000;
const ageMsMax = 900_000;

export const run: VerbRun = async (context, { flags }) => {
  const maxDepth = numberFlag(flags, 'maxDepth', 0, 1_000_000_000) ?? depthMax;
  const maxAgeMs = durationFlag(flags, 'maxAge') ?? ageMsMax;
  const dartwing = await context.open({ selfTest: 'version' });
  const { items } = await dartwing.jobs.queues.list(callOf(context));
  const late = items.filter(({ queued, oldest_ms }) => queued > maxDepth || (oldest_ms ?? 0) > maxAgeMs);
  if (flags.check === true)
    for (const { name, queued, oldest_ms } of late)
      context.io.warn(
        'BACKLOG',
        `${name} has ${queued} in line, the oldest for ${Math.round(oldest_ms ?? 0)} ms`,
      );
  return {
    list: queueList(items),
    findings: flags.check === true && late.length > 0,
    table: queueTable,
    footer: 'dartwing queue show <queue>',
  };
};
