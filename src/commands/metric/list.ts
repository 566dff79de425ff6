import { DartwingError, nearest } from '../../core/errors.js';
import { metricCatalogue } from '../../core/metrics/index.js';
import { textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (_context, { flags }) => {
  const group = textFlag(flags, 'group');
  const groups = [...new Set(metricCatalogue.map((metric) => metric.group))];
  if (group !== undefined && !groups.some((known) => known === group)) {
    const near = nearest(group, groups);
    throw new DartwingError('VALIDATION_ERROR', {
      message: `--group ${group} is not one of ${groups.join(', ')}${near ? `; did you mean ${near}?` : ''}`,
    });
  }
  const items = metricCatalogue
    .filter((metric) => group === undefined || metric.group === group)
    .map(({ name, type, unit, labels, group: of, of: source, help }) => ({
      kind: 'Metric',
      name,
      type,
      unit,
      labels: [...labels],
      group: of,
      of: source,
      help,
    }));
  return {
    list: { api_version: 'dartwing/v1', kind: 'MetricList', items, total_count: items.length },
    table: {
      columns: [
        { header: 'name', path: 'name' },
        { header: 'type', path: 'type' },
        { header: 'unit', path: 'unit' },
        { header: 'labels', path: 'labels' },
        { header: 'help', path: 'help' },
      ],
    },
    footer: 'dartwing metric scrape',
  };
};
