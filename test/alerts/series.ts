/** Random series for conditions, in both notations: as samples, and as promtool's unit tests write them. */
import type { SampledSeries } from '../../src/core/alerts/evaluate.js';
import { type Plain, readsOf } from '../../src/core/alerts/expression.js';
import { definitionOf } from '../../src/core/metrics/index.js';

/** A generator of numbers in [0, 1) that gives the same ones for a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface GivenSeries extends SampledSeries {
  name: string;
  /** One for each scrape; `_` where there was none. */
  values: (number | '_')[];
}

/** Values of labels, by metric where a label means something else there. */
const labelValues: Readonly<Record<string, readonly string[]>> = {
  status: ['200', '404', '500', '503'],
  queue: ['critical', 'default', 'bulk'],
  pool: ['app', 'system'],
  provider: ['google', 'slack'],
  result: ['ok', 'failed'],
  outcome: ['ok', 'failed'],
  at: ['median', 'p95', 'most'],
  bus: ['redis', 'postgres'],
  'dartwing_integrations status': ['connected', 'expired', 'error'],
  'dartwing_job_queue_depth state': ['queued', 'running'],
  'dartwing_job_workers state': ['live', 'silent'],
  'dartwing_database_pool_connections state': ['active', 'idle'],
};

/** What is read, and next to which numbers it is compared. */
export interface Read {
  condition: Plain;
  threshold: number;
}

/** Everything that the conditions read, scrape by scrape, often near one of their thresholds. */
export function randomSeries(
  reads: readonly Read[],
  scrapes: number,
  pauseSeconds: number,
  random: () => number,
): GivenSeries[] {
  const around = new Map<string, number[]>();
  for (const { condition, threshold } of reads)
    for (const name of readsOf(condition).names)
      around.set(name, [...(around.get(name) ?? []), threshold, ...boundsIn(condition)]);
  return [...around].flatMap(([name, bounds]) => {
    const { type: whole, kept = [], of } = definitionOf(name)!;
    // The sum and the count of a histogram are counters.
    const type = /_(sum|count)$/.test(name) && whole === 'histogram' ? 'counter' : whole;
    const each = name.endsWith('_bytes_sum') ? 1_000_000 : 1;
    const instances = of === 'process' && random() < 0.5 ? ['one', 'two'] : ['one'];
    const groups = kept.reduce<Record<string, string>[]>(
      (all, label) => {
        const values = labelValues[`${name} ${label}`] ?? labelValues[label] ?? ['x'];
        return all.flatMap((labels) => values.map((value) => ({ ...labels, [label]: value })));
      },
      [{}],
    );
    return instances.flatMap((instance) =>
      groups.flatMap((labels): GivenSeries[] => {
        if (random() < 0.15) return [];
        const own = { ...labels, instance };
        if (type !== 'histogram') {
          const values =
            type === 'counter'
              ? counterValues(scrapes, pauseSeconds * each, random)
              : gaugeValues(scrapes, bounds, random);
          return [seriesOf(name, own, values, pauseSeconds)];
        }
        const edges = ['0.1', '0.5', '1', '2.5', '5', '10', '+Inf'];
        const rows = edges.map(() => counterValues(scrapes, pauseSeconds, random, false));
        // Buckets hold what is in the smaller ones too.
        return edges.map((le, index) => {
          const values = rows[index]!.map((_, at) =>
            Number(
              rows
                .slice(0, index + 1)
                .reduce((sum, row) => sum + (row[at] as number), 0)
                .toFixed(3),
            ),
          );
          return seriesOf(`${name}_bucket`, { ...own, le }, values, pauseSeconds);
        });
      }),
    );
  });
}

function boundsIn(condition: Plain): number[] {
  if ('all' in condition) return condition.all.flatMap(boundsIn);
  return 'compare' in condition && typeof condition.than === 'number' ? [condition.than] : [];
}

/**
 * Steps are broken numbers: whole ones meet a threshold exactly now and then, and Prometheus adds up series in an order of
 * its own, so that the last bit of a sum decides differently from run to run there.
 */
function counterValues(
  steps: number,
  stepSeconds: number,
  random: () => number,
  withResets = true,
): (number | '_')[] {
  let value = Math.floor(random() * 50);
  let pace = random() < 0.3 ? 0 : random() * random() * 4;
  return Array.from({ length: steps }, () => {
    if (random() < 0.06) pace = random() < 0.3 ? 0 : random() * random() * 4;
    if (withResets && random() < 0.01) value = 0;
    value = Number((value + pace * stepSeconds * random()).toFixed(3));
    return withResets && random() < 0.03 ? '_' : value;
  });
}

function gaugeValues(steps: number, around: readonly number[], random: () => number): (number | '_')[] {
  const middle = around[Math.floor(random() * around.length)]!;
  const high = middle === 0 ? 2 : middle * 1.6;
  const draw = () => {
    const drawn = random() * high;
    return high > 20 || random() < 0.4 ? Math.round(drawn) : Number(drawn.toFixed(3));
  };
  let value = draw();
  return Array.from({ length: steps }, () => {
    if (random() < 0.08) value = draw();
    return random() < 0.03 ? '_' : value;
  });
}

function seriesOf(
  name: string,
  labels: Record<string, string>,
  values: (number | '_')[],
  stepSeconds: number,
): GivenSeries {
  const samples = values.flatMap((value, index) =>
    value === '_' ? [] : [[index * stepSeconds, value] as const],
  );
  return { name, labels, values, samples };
}

/** `up{instance="one"}` */
export function seriesText({ name, labels }: Pick<GivenSeries, 'name' | 'labels'>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${pairs.join(',')}}`;
}
