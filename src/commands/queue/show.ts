import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';

const columns = [
  ['queue', 'name'],
  ['paused', 'paused'],
  ['until', 'paused_until'],
  ['because', 'paused_reason'],
  ['queued', 'queued'],
  ['pending', 'pending'],
  ['running', 'running'],
  ['failed', 'failed'],
  ['dead letters', 'dead_letter'],
  ['oldest ms', 'oldest_ms'],
  ['done in a minute', 'throughput_1m'],
  ['slots of a worker', 'concurrency'],
  ['limit of a job s', 'timeout_seconds'],
  ['waiting per org', 'queued_max'],
  ['starts a minute per org', 'per_minute'],
  ['retries after s', 'retry_delays_seconds'],
  ['orgs at their limit', 'orgs_at_limit'],
] as const;

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open({ selfTest: 'version' });
  const queue = await dartwing.jobs.queues.show(String(args.queue), callOf(context));
  return {
    document: { api_version: 'dartwing/v1', ...queue },
    table: { columns: columns.map(([header, path]) => ({ header, path })) },
  };
};
