import { callOf } from '../call.js';
import { textFlag } from '../flag-values.js';
import { queueList, queueTable } from '../queue/answer.js';
import type { ListDocument, VerbResult, VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }): Promise<VerbResult> => {
  const by = textFlag(flags, 'by');
  const organization = context.currentOrganization();
  const dartwing = await context.open({ selfTest: 'version' });
  const call = callOf(context);
  if (by === 'queue') {
    const { items } = await dartwing.jobs.queues.list(call);
    return { list: queueList(items), table: queueTable };
  }
  const metrics = await dartwing.jobs.metrics({ organization }, call);
  if (by === 'type') return typeRates(metrics.failure_rate_by_type);
  const states = Object.entries(metrics.job_count_by_status).map(([state, count]) => `${state} ${count}`);
  const waiting = Object.entries(metrics.queue_depth_by_priority).map(([name, count]) => `${name} ${count}`);
  const { average_seconds: average, p95_seconds: p95 } = metrics.processing_time;
  const seconds = (value: number | null) => (value === null ? 'unknown' : `${Number(value.toFixed(3))} s`);
  return {
    document: { ...metrics },
    table: {
      columns: [],
      sentence: [
        `States    ${states.join(', ')}`,
        `In line   ${waiting.join(', ')}`,
        `A day’s   ${seconds(average)} on average, ${seconds(p95)} at the 95th percentile`,
      ].join('\n'),
    },
    next: ['dartwing job stats --by type', 'dartwing dlq list'],
  };
};

function typeRates(items: readonly { type: string }[]): VerbResult {
  const list: ListDocument = {
    api_version: 'dartwing/v1',
    kind: 'JobTypeRateList',
    items,
    total_count: items.length,
  };
  const columns = [
    { header: 'type', path: 'type' },
    { header: 'ended', path: 'ended', align: 'right' },
    { header: 'failed', path: 'failed', align: 'right' },
    { header: 'rate', path: 'rate', align: 'right' },
  ] as const;
  return { list, table: { columns }, empty: 'No job has ended within a day.', footer: 'dartwing dlq list' };
}
