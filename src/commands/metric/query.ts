import { DartwingError } from '../../core/errors.js';
import { definitionOf } from '../../core/metrics/index.js';
import { durationFlag, textFlag, textsFlag, timeFlag } from '../flag-values.js';
import { growthOf } from '../readings.js';
import type { VerbRun } from '../spec.js';
import { sparkline } from '../ui/sparkline.js';

const pointsShown = 32;

export const run: VerbRun = async (context, { args, flags }) => {
  const name = args.name as string;
  const dartwing = await context.open({ selfTest: 'version' });
  const history = await dartwing.metrics.history(name, {
    since: timeFlag(flags, 'since', new Date()),
    where: whereOf(textsFlag(flags, 'where')),
    by: textFlag(flags, 'by')
      ?.split(',')
      .map((label) => label.trim())
      .filter((label) => label !== ''),
    stepMs: durationFlag(flags, 'step'),
  });
  if (context.io.machine) return { document: { ...history } };
  const isCounter = definitionOf(name)?.type !== 'gauge';
  const ascii = context.io.out.palette.signs.ok !== '✓';
  const items = history.series.map(({ labels, points }) => {
    const values = points.map(([, value]) => value);
    const drawn = isCounter ? growthOf(values) : values;
    return {
      labels: Object.entries(labels).map(([label, value]) => `${label}=${value}`),
      now: values.at(-1) ?? null,
      min: Math.min(...values),
      max: Math.max(...values),
      points: values.length,
      // Only a person can read it; a pipe gets the numbers.
      ...(context.io.out.isTTY ? { course: sparkline(drawn, pointsShown, ascii) } : {}),
    };
  });
  return {
    list: { api_version: 'dartwing/v1', kind: 'MetricSeriesList', items, total_count: items.length },
    table: {
      columns: [
        { header: 'labels', path: 'labels' },
        { header: 'now', path: 'now', align: 'right' },
        { header: 'min', path: 'min', align: 'right' },
        { header: 'max', path: 'max', align: 'right' },
        { header: 'points', path: 'points', align: 'right' },
        ...(context.io.out.isTTY ? [{ header: isCounter ? 'growth' : 'course', path: 'course' }] : []),
      ],
    },
    empty: 'No samples are kept of it: serve, worker and up keep some every 15 s.',
  };
};

/** @throws VALIDATION_ERROR */
function whereOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, label, value] = /^([a-z_]+)=(.*)$/.exec(text) ?? [];
      if (label === undefined || value === undefined)
        throw new DartwingError('VALIDATION_ERROR', {
          message: `--where "${text.slice(0, 40)}" is not label=value`,
        });
      return [label, value];
    }),
  );
}
