/** Queues as tables. */
import type { QueueDocument } from '../../core/jobs/index.js';
import { change } from '../change.js';
import type { CommandContext } from '../context.js';
import type { ListDocument, TableView, VerbResult } from '../spec.js';

/** Columns of queues. */
export const queueTable: TableView = {
  columns: [
    { header: 'name', path: 'name' },
    { header: 'queued', path: 'queued', align: 'right' },
    { header: 'running', path: 'running', align: 'right' },
    { header: 'failed', path: 'failed', align: 'right' },
    { header: 'dead', path: 'dead_letter', align: 'right' },
    { header: 'oldest ms', path: 'oldest_ms', align: 'right' },
    { header: 'per min', path: 'throughput_1m', align: 'right' },
    { header: 'full orgs', path: 'orgs_at_limit', align: 'right' },
    { header: 'paused', path: 'paused' },
  ],
};

export function queueList(items: readonly QueueDocument[]): ListDocument {
  return {
    api_version: 'dartwing/v1',
    kind: 'QueueList',
    items: items as unknown as ListDocument['items'],
    total_count: items.length,
  };
}

/** The answer of a verb that changed one queue. */
export function queueChange(
  { global }: Pick<CommandContext, 'global'>,
  before: QueueDocument,
  after: QueueDocument,
  sentence: string,
  undo?: string,
): VerbResult {
  const settings = ({ paused, paused_until, concurrency, queued_max, per_minute }: QueueDocument) =>
    JSON.stringify([paused, paused_until, concurrency, queued_max, per_minute]);
  return change({
    op: settings(before) === settings(after) ? 'none' : 'update',
    ref: `queue/${after.name}`,
    before,
    after,
    dryRun: global.dryRun,
    sentence,
    undo,
  });
}
