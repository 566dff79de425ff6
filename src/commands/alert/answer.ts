/** Alerts, rules and silences as tables. */
import type { AlertDocument } from '../../core/alerts/index.js';
import type { ListDocument, TableView } from '../spec.js';

export const alertTable: TableView = {
  columns: [
    { header: 'rule', path: 'rule' },
    { header: 'severity', path: 'severity' },
    { header: 'state', path: 'state' },
    { header: 'labels', path: 'labels' },
    { header: 'value', path: 'value', align: 'right' },
    { header: 'since', path: 'since' },
    { header: 'quiet', path: 'quiet' },
    { header: 'summary', path: 'summary' },
  ],
};

export const ruleTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'enabled', path: 'enabled' },
    { header: 'levels', path: 'levels' },
    { header: 'summary', path: 'summary' },
  ],
};

export const silenceTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'matchers', path: 'matchers' },
    { header: 'until', path: 'until' },
    { header: 'by', path: 'created_by' },
    { header: 'reason', path: 'reason' },
  ],
};

export function listOf(kind: string, items: readonly object[]): ListDocument {
  return {
    api_version: 'dartwing/v1',
    kind,
    items: items as ListDocument['items'],
    total_count: items.length,
  };
}

/** `queue default` */
export function labelsText(labels: AlertDocument['labels']): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
