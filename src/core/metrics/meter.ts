/** The registry of one process: prom-client behind the catalogue, with a bound on series. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { definitionOf, type MetricDefinition, type MetricName, metricCatalogue } from './catalogue.js';
import { expositionOf } from './exposition.js';

export type Labels = Readonly<Record<string, string | number>>;

/** One value that a source reads when somebody asks. */
export interface Reading {
  name: MetricName;
  labels?: Labels;
  value: number;
}

/** Reads values; what several sources say of one series is added up. A source that fails says nothing. */
export type Source = () => readonly Reading[] | Promise<readonly Reading[]>;

export interface Series {
  /** With `_bucket`, `_sum` or `_count` for histograms. */
  name: string;
  labels: Labels;
  value: number;
}

export interface Meter {
  count(name: MetricName, labels?: Labels, by?: number): void;
  add(name: MetricName, labels: Labels, by: number): void;
  observe(name: MetricName, labels: Labels, value: number): void;
  /** Adds a source; the answer takes it away again. */
  source(read: Source): () => void;
  /** The text form of Prometheus, version 0.0.4. */
  text(): Promise<string>;
  /** Every series as it is now. */
  values(): Promise<Series[]>;
  readonly contentType: string;
}

const seriesMaxDefault = 2_000;
const other = '__other__';
const droppedName: MetricName = 'dartwing_metrics_dropped_series_total';

type Instrument = Counter | Gauge | Histogram;

/** Opens the registry. Names that nobody has counted or read yet do not appear. */
export function openMeter(): Meter {
  const register = new Registry();
  const instruments = new Map<MetricName, Instrument>();
  const guards = new Map<MetricName, (labels: Labels) => Labels>();
  const sources = new Set<Source>();
  /** Metrics that sources filled last time, to be emptied before the next. */
  let filled = new Set<MetricName>();

  for (const definition of metricCatalogue) {
    instruments.set(definition.name, instrument(definition, register));
    guards.set(
      definition.name,
      boundedSeries(definition, () => dropped.inc({ metric: definition.name })),
    );
  }
  const dropped = instruments.get(droppedName) as Counter;
  const find = <T extends Instrument>(name: MetricName): T => instruments.get(name) as T;

  const count: Meter['count'] = (name, labels = {}, by = 1) =>
    find<Counter>(name).inc(guards.get(name)!(labels), by);
  const fill = (name: MetricName, labels: Labels, value: number): void => {
    const found = instruments.get(name);
    const bounded = guards.get(name)!(labels);
    if (found instanceof Gauge) found.inc(bounded, value);
    else if (found instanceof Counter) found.inc(bounded, Math.max(0, value));
  };

  let reading: Promise<void> | undefined;
  /** Whoever asks while somebody reads gets what is read. */
  const refresh = (): Promise<void> => {
    reading ??= (async () => {
      const settled = await Promise.allSettled([...sources].map(async (source) => source()));
      for (const name of filled) empty(instruments.get(name)!, definitionOf(name)!);
      filled = new Set();
      for (const result of settled) {
        if (result.status === 'rejected') continue;
        for (const { name, labels = {}, value } of result.value) {
          filled.add(name);
          fill(name, labels, value);
        }
      }
    })().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  return Object.freeze({
    count,
    add: (name: MetricName, labels: Labels, by: number) =>
      find<Gauge>(name).inc(guards.get(name)!(labels), by),
    observe: (name: MetricName, labels: Labels, value: number) =>
      find<Histogram>(name).observe(guards.get(name)!(labels), value),
    source: (read: Source) => {
      sources.add(read);
      return () => void sources.delete(read);
    },
    text: async () => {
      await refresh();
      return expositionOf(register);
    },
    values: async () => {
      await refresh();
      const metrics = await register.getMetricsAsJSON();
      return metrics.flatMap(({ name, values }) =>
        (values as { metricName?: string; labels: Labels; value: number }[]).map((one) => ({
          name: one.metricName ?? name,
          labels: one.labels,
          value: one.value,
        })),
      );
    },
    contentType: register.contentType,
  });
}

function instrument(definition: MetricDefinition, register: Registry): Instrument {
  const { name, help, labels, type, buckets } = definition;
  const settings = { name, help, labelNames: [...labels], registers: [register] };
  const made =
    type === 'histogram'
      ? new Histogram({ ...settings, buckets: [...(buckets ?? [])] })
      : new (type === 'counter' ? Counter : Gauge)(settings);
  if (type !== 'counter' || definition.of === 'installation') empty(made, definition);
  return made;
}

/** Without labels prom-client says 0 where nobody has read anything. */
function empty(given: Instrument, { labels, type }: MetricDefinition): void {
  given.reset();
  if (labels.length === 0 && type !== 'histogram') given.remove();
}

/** Label values as they are while series are few; then those that are new count as one. */
function boundedSeries(
  { labels: names, seriesMax = seriesMaxDefault }: MetricDefinition,
  onDrop: () => void,
): (labels: Labels) => Labels {
  if (names.length === 0) return (labels) => labels;
  const known = new Set<string>();
  const overflow = Object.fromEntries(names.map((name) => [name, other]));
  return (labels) => {
    let key = '';
    for (const name of names) key += `${labels[name]}\u0000`;
    if (known.has(key)) return labels;
    if (known.size < seriesMax) {
      known.add(key);
      return labels;
    }
    onDrop();
    return overflow;
  };
}
