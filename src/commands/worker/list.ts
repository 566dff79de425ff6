import { callOf } from '../call.js';
import type { ListDocument, VerbRun } from '../spec.js';

export const run: VerbRun = async (context) => {
  const dartwing = await context.open({ selfTest: 'version' });
  const items = await dartwing.jobs.workers(callOf(context));
  return {
    list: {
      api_version: 'dartwing/v1',
      kind: 'WorkerList',
      items: items as unknown as ListDocument['items'],
      total_count: items.length,
    },
    table: {
      columns: [
        { header: 'name', path: 'name' },
        { header: 'state', path: 'state' },
        { header: 'running', path: 'stats.running', align: 'right' },
        { header: 'completed', path: 'stats.completed', align: 'right' },
        { header: 'failed', path: 'stats.failed', align: 'right' },
        { header: 'started', path: 'started_at' },
        { header: 'seen', path: 'seen_at' },
        { header: 'id', path: 'id' },
      ],
    },
    empty: 'No worker runs. Start one: dartwing worker',
    footer: 'dartwing queue list',
  };
};
