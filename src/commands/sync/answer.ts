/** What the verbs on sync share. */
import type { ListDocument, TableView } from '../spec.js';

/** Columns of lag. */
export const lagTable: TableView = {
  columns: [
    { header: 'of', path: 'ref' },
    { header: 'p95 ms', path: 'p95_ms', align: 'right' },
    { header: 'max ms', path: 'max_ms', align: 'right' },
    { header: 'waits since', path: 'oldest_at' },
  ],
};

/** Items as a list document. */
export function listOf(kind: string, items: readonly object[]): ListDocument {
  return {
    api_version: 'dartwing/v1',
    kind,
    items: items as unknown as ListDocument['items'],
    total_count: items.length,
  };
}
