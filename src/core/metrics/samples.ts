/** Samples of metrics, kept in the database so that rules and people can look back. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import { definitionOf } from './catalogue.js';
import type { Labels, Reading, Series } from './meter.js';
import { deleteSamples, insertSample, keepCoarse, type SampleRow, selectSamples } from './sample-queries.js';

/** Name under which the numbers of the installation are kept. */
export const installationInstance = 'installation';

export interface SampledSeries {
  labels: Readonly<Record<string, string>>;
  /** Seconds and value, in the order of time. */
  samples: (readonly [at: number, value: number])[];
}

/** What is kept of a process: its metrics under the labels that the catalogue keeps, values of others added up. */
export function keptSeries(series: readonly Series[]): Record<string, number> {
  const kept: Record<string, number> = {};
  for (const { name, labels, value } of series) {
    const definition = definitionOf(name);
    if (definition?.of !== 'process' || definition.kept === undefined) continue;
    const names = name.endsWith('_bucket') ? ['le', ...definition.kept] : definition.kept;
    const key = seriesKey(name, labels, names);
    kept[key] = (kept[key] ?? 0) + value;
  }
  return kept;
}

/** The numbers of the installation, in the same form. */
export function keptReadings(readings: readonly Reading[]): Record<string, number> {
  return Object.fromEntries(
    readings.map(({ name, labels = {}, value }) => [seriesKey(name, labels, Object.keys(labels)), value]),
  );
}

export async function keepSample(
  tx: Tx,
  at: Date,
  instance: string,
  series: Record<string, number>,
): Promise<void> {
  await insertSample(tx, { at, instance, series });
}

/** Keeps one sample of five minutes for longer and deletes what is old. */
export async function thinSamples(tx: Tx, now: Date): Promise<void> {
  const before = (ms: number) => new Date(now.getTime() - ms);
  await keepCoarse(tx, limits.samplesCoarseMs, before(2 * limits.samplesCoarseMs));
  await deleteSamples(tx, before(limits.samplesKeptMs), before(limits.samplesCoarseKeptMs));
}

/** Samples in memory: loaded once, then only what is new. */
export interface SampleStore {
  load(tx: Tx, now: Date): Promise<void>;
  /** Series of a name; `over` seconds back are needed. */
  select(name: string, over: number): readonly SampledSeries[];
}

const overlapMs = 60_000;

export function openSampleStore(): SampleStore {
  const tiers = {
    fine: openTier(false, limits.samplesFineWindowMs + limits.samplesCoarseMs),
    coarse: openTier(true, limits.samplesCoarseKeptMs),
  };
  return {
    load: async (tx, now) => {
      for (const tier of [tiers.fine, tiers.coarse]) await tier.load(tx, now);
    },
    select: (name, over) =>
      (over * 1_000 <= limits.samplesFineWindowMs ? tiers.fine : tiers.coarse).select(name),
  };
}

function openTier(isCoarse: boolean, spanMs: number) {
  const series = new Map<string, Map<string, SampledSeries>>();
  let latest: Date | undefined;
  return {
    load: async (tx: Tx, now: Date): Promise<void> => {
      // A little again: what two processes wrote at once may arrive in another order than its times.
      const since = new Date(Math.max((latest?.getTime() ?? 0) - overlapMs, now.getTime() - spanMs));
      const rows = await selectSamples(tx, isCoarse, since);
      for (const row of rows) add(series, row);
      latest = rows.at(-1)?.at ?? latest;
      forget(series, (now.getTime() - spanMs) / 1_000);
    },
    select: (name: string) => [...(series.get(name)?.values() ?? [])],
  };
}

/** Puts rows into series. */
export function add(
  series: Map<string, Map<string, SampledSeries>>,
  { at, instance, series: values }: SampleRow,
): void {
  const seconds = at.getTime() / 1_000;
  for (const key in values) {
    const brace = key.indexOf('{');
    const name = brace === -1 ? key : key.slice(0, brace);
    const own = series.get(name) ?? new Map<string, SampledSeries>();
    series.set(name, own);
    const id = `${instance}\u0000${key}`;
    let one = own.get(id);
    if (one === undefined) {
      one = { labels: { ...labelsIn(key, brace), instance }, samples: [] };
      own.set(id, one);
    }
    if ((one.samples.at(-1)?.[0] ?? 0) < seconds) one.samples.push([seconds, values[key]!]);
  }
}

function forget(series: Map<string, Map<string, SampledSeries>>, before: number): void {
  for (const own of series.values())
    for (const [id, one] of own) {
      const kept = one.samples.findIndex(([at]) => at >= before);
      if (kept === -1) own.delete(id);
      else if (kept > 0) one.samples.splice(0, kept);
    }
}

/** `name{a="x"}`: labels in the order given. */
function seriesKey(name: string, labels: Labels, names: readonly string[]): string {
  if (names.length === 0) return name;
  return `${name}{${names.map((label) => `${label}=${JSON.stringify(String(labels[label] ?? ''))}`).join(',')}}`;
}

const labelPattern = /([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*")/g;

function labelsIn(key: string, brace: number): Record<string, string> {
  if (brace === -1) return {};
  return Object.fromEntries(
    [...key.slice(brace).matchAll(labelPattern)].map(([, name, value]) => [
      name,
      JSON.parse(value!) as string,
    ]),
  );
}
