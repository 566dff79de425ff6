/** Computes conditions over samples, as Prometheus does with what `promql.ts` writes. */
import { type Expression, labelsOf, type Plain, reductionOf, type Where } from './expression.js';
import { averageOf, increaseOf, latestOf, quantileOf, rateOf, type Sample } from './range.js';

export interface SampledSeries {
  labels: Readonly<Record<string, string>>;
  samples: readonly Sample[];
}

/** Samples by the name of their metric, `_bucket` and the like included. */
export interface History {
  select(name: string): readonly SampledSeries[];
}

/** One result: the labels it is told apart by, and its value. */
export interface Found {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** As long as this a sample stands for its series (Prometheus' lookback). */
const staleSeconds = 300;

/** What holds at a moment (seconds), by labels; empty when the condition does not hold. */
export function evaluate(condition: Plain, history: History, at: number): Found[] {
  if ('absent' in condition) {
    const lives = history
      .select(condition.absent)
      .some(({ samples }) => latestOf(samples, at, staleSeconds) !== undefined);
    return lives ? [] : [{ labels: {}, value: 1 }];
  }
  if ('all' in condition) {
    const [first, ...rest] = condition.all;
    return rest.reduce(
      (found, one) => {
        const labels = labelsOf(one);
        const keys = new Set(evaluate(one, history, at).map((other) => keyOf(other.labels, labels)));
        return found.filter((each) => keys.has(keyOf(each.labels, labels)));
      },
      evaluate(first!, history, at),
    );
  }
  const { compare, is, than } = condition;
  const left = [...compute(compare, history, at).values()];
  if (typeof than === 'number') return left.filter(({ value }) => holds(value, is, than));
  const right = compute(than, history, at);
  const labels = labelsOf(compare);
  return left.filter(({ labels: own, value }) => {
    const other = right.get(keyOf(own, labels));
    return other !== undefined && holds(value, is, other.value);
  });
}

/** Values of an expression at a moment, by labels. */
export function compute(one: Expression, history: History, at: number): Map<string, Found> {
  if ('ratio' in one) {
    const below = compute(one.ratio[1], history, at);
    return mapped(compute(one.ratio[0], history, at), ({ value }, key) => {
      const other = below.get(key);
      return other === undefined ? undefined : value / other.value;
    });
  }
  if ('times' in one) return mapped(compute(one.of, history, at), ({ value }) => one.times * value);
  const by = one.by ?? [];
  if ('quantile' in one) {
    const rates = grouped(history, `${one.quantile}_bucket`, one.where, ['le', ...by], 'sum', (samples) =>
      rateOf(samples, at, one.over),
    );
    const buckets = new Map<string, { labels: Found['labels']; bounds: [number, number][] }>();
    for (const { labels, value } of rates.values()) {
      const key = keyOf(labels, by);
      const group = buckets.get(key) ?? { labels: picked(labels, by), bounds: [] };
      group.bounds.push([boundOf(labels.le ?? ''), value]);
      buckets.set(key, group);
    }
    return new Map(
      [...buckets].map(([key, { labels, bounds }]) => [
        key,
        { labels, value: quantileOf(one.share, bounds) },
      ]),
    );
  }
  if ('gauge' in one)
    return grouped(history, one.gauge, one.where, by, one.reduce ?? reductionOf(one.gauge), (samples) =>
      latestOf(samples, at, staleSeconds),
    );
  if ('average' in one)
    return grouped(history, one.average, one.where, by, reductionOf(one.average), (samples) =>
      averageOf(samples, at, one.over),
    );
  const [name, read] = 'rate' in one ? ([one.rate, rateOf] as const) : ([one.increase, increaseOf] as const);
  return grouped(history, name, one.where, by, reductionOf(name), (samples) => read(samples, at, one.over));
}

function grouped(
  history: History,
  name: string,
  where: Where | undefined,
  by: readonly string[],
  reduce: 'sum' | 'max' | 'min',
  read: (samples: readonly Sample[]) => number | undefined,
): Map<string, Found> {
  const result = new Map<string, Found>();
  for (const { labels, samples } of history.select(name)) {
    if (!matches(labels, where)) continue;
    const value = read(samples);
    if (value === undefined) continue;
    const key = keyOf(labels, by);
    const known = result.get(key);
    if (known === undefined) result.set(key, { labels: picked(labels, by), value });
    else known.value = reduce === 'sum' ? known.value + value : Math[reduce](known.value, value);
  }
  return result;
}

const patterns = new Map<string, RegExp>();

function matches(labels: Found['labels'], where: Where | undefined): boolean {
  for (const label in where) {
    const wanted = where[label]!;
    const value = labels[label] ?? '';
    if (!wanted.startsWith('~')) {
      if (value !== wanted) return false;
      continue;
    }
    let pattern = patterns.get(wanted);
    if (pattern === undefined) {
      pattern = new RegExp(`^(?:${wanted.slice(1)})$`);
      patterns.set(wanted, pattern);
    }
    if (!pattern.test(value)) return false;
  }
  return true;
}

function mapped(
  found: Map<string, Found>,
  change: (one: Found, key: string) => number | undefined,
): Map<string, Found> {
  const result = new Map<string, Found>();
  for (const [key, one] of found) {
    const value = change(one, key);
    if (value !== undefined) result.set(key, { labels: one.labels, value });
  }
  return result;
}

function holds(value: number, is: 'above' | 'below' | 'at_least' | 'at_most', than: number): boolean {
  if (is === 'above') return value > than;
  if (is === 'below') return value < than;
  return is === 'at_least' ? value >= than : value <= than;
}

function picked(labels: Found['labels'], names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])),
  );
}

/** One text for the values of some labels. */
export function keyOf(labels: Found['labels'], names: readonly string[]): string {
  let key = '';
  for (const name of names) key += `${labels[name] ?? ''}\u0000`;
  return key;
}

function boundOf(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text);
}
