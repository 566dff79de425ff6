/** The room as callers see it. */
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { DartwingError, nearest } from '../errors.js';
import { limits } from '../limits.js';
import { definitionOf, type MetricDefinition, metricCatalogue } from './catalogue.js';
import { groupCourses } from './course.js';
import { type Ears, followRooms } from './followers.js';
import { type Meter, openMeter, type Reading } from './meter.js';
import { installationReadings, processReadings, type ReadingParts } from './readings.js';
import { selectSamples } from './sample-queries.js';
import { add, type SampledSeries } from './samples.js';

/** Metrics of the installation and of this process. */
export interface Metrics {
  /** Every metric with unit, labels and help. */
  catalogue(): readonly MetricDefinition[];
  /** Counts in this process and tells all that it knows. */
  readonly meter: Meter;
  /** Numbers of the installation as the database has them; `dartwing_database_up` alone where it does not answer. */
  readings(): Promise<Reading[]>;
  /**
   * Samples of a metric that processes kept: every fifteen seconds for six hours, every five minutes for four days.
   * @throws METRIC_NOT_FOUND
   */
  history(name: string, query?: HistoryQuery): Promise<MetricHistory>;
}

export interface HistoryQuery {
  /** Default an hour ago. */
  since?: Date | undefined;
  where?: Readonly<Record<string, string>> | undefined;
  /** Labels to group by: values are added up, of gauges in seconds the largest counts. No labels make one series. */
  by?: readonly string[] | undefined;
  /** One point for each so many milliseconds, from 15,000 to a day; with `by` 60,000 unless told, of coarse samples 300,000. */
  stepMs?: number | undefined;
}

/** The document `MetricHistory`. */
export interface MetricHistory {
  api_version: 'dartwing/v1';
  kind: 'MetricHistory';
  name: string;
  type: MetricDefinition['type'];
  unit: MetricDefinition['unit'];
  since: string;
  series: { labels: Record<string, string>; points: [at: string, value: number][] }[];
}

export interface MetricsRoom extends Metrics {
  readonly ears: Ears;
  close(): void;
}

export function openMetrics(parts: ReadingParts): MetricsRoom {
  const meter = openMeter();
  const readings = installationReadings(parts);
  const ofProcess = processReadings(parts);
  meter.source(readings);
  meter.source(ofProcess.read);
  return {
    catalogue: () => metricCatalogue,
    history: async (name, query) => {
      const definition = definitionOf(name);
      const near = nearest(
        name,
        metricCatalogue.map((one) => one.name),
      );
      if (definition === undefined)
        throw new DartwingError(
          'METRIC_NOT_FOUND',
          { name: name.slice(0, 80) },
          near === undefined ? {} : { fix: [`dartwing metric query ${near}`] },
        );
      return parts.database.asMachinery((tx) => historyOf(tx, name, definition, query ?? {}, parts.clock));
    },
    meter,
    readings,
    ears: followRooms(meter),
    close: ofProcess.close,
  };
}

async function historyOf(
  tx: Tx,
  name: string,
  { type, unit, kept }: MetricDefinition,
  { since, where = {}, by, stepMs }: HistoryQuery,
  clock: Clock,
): Promise<MetricHistory> {
  requireGrouping(name, kept ?? [], by, stepMs);
  const from = since ?? new Date(clock.now().getTime() - limits.samplesFineWindowMs);
  const isCoarse = clock.now().getTime() - from.getTime() > limits.samplesKeptMs;
  const all = new Map<string, Map<string, SampledSeries>>();
  for (const row of await selectSamples(tx, isCoarse, from)) add(all, row);
  const series = [...(all.get(name)?.values() ?? [])]
    .filter(({ labels }) => Object.entries(where).every(([label, value]) => labels[label] === value))
    .map(({ labels, samples }) => ({
      labels: { ...labels },
      points: samples
        .slice(-limits.samplePointsMax)
        .map(([at, value]): [string, number] => [new Date(at * 1_000).toISOString(), value]),
    }));
  return {
    api_version: 'dartwing/v1',
    kind: 'MetricHistory',
    name,
    type,
    unit,
    since: from.toISOString(),
    series:
      by === undefined && stepMs === undefined
        ? series
        : groupCourses(
            series,
            { type, unit },
            {
              by,
              stepMs: stepMs ?? (isCoarse ? limits.samplesCoarseMs : limits.courseStepMs),
              lookBackMs: Math.max(stepMs ?? 0, limits.courseLookBackMs),
            },
          ),
  };
}

/** @throws VALIDATION_ERROR */
function requireGrouping(
  name: string,
  kept: readonly string[],
  by: readonly string[] | undefined,
  stepMs: number | undefined,
): void {
  const { courseStepMsMin: min, courseStepMsMax: max } = limits;
  if (stepMs !== undefined && !(stepMs >= min && stepMs <= max))
    throw new DartwingError('VALIDATION_ERROR', { message: 'A step is from 15 seconds to a day' });
  const unknown = (by ?? []).find((label) => !kept.includes(label) && label !== 'instance');
  if (unknown !== undefined)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `Samples of ${name} are kept by ${[...kept, 'instance'].join(', ')}, not by ${unknown.slice(0, 40)}`,
    });
}
