/** Courses of a metric at even steps, and put together by some of their labels. Pure. */
import type { MetricDefinition } from './catalogue.js';

export interface Course {
  labels: Record<string, string>;
  points: [at: string, value: number][];
}

/** How courses are put together. */
export interface Grouping {
  /** Labels that stay; the others are put together. Every label stays unless told. */
  by?: readonly string[] | undefined;
  stepMs: number;
  /** How long a sample counts while its series has no newer one, in milliseconds. */
  lookBackMs: number;
}

/**
 * One course for each combination of the labels that stay, with a point at each step at which any of its series is known: the
 * newest sample of each until then, no older than `lookBackMs` (as a range query of Prometheus looks back). Of gauges in
 * seconds, which are ages and delays, the largest counts; of everything else the sum.
 */
export function groupCourses(
  courses: readonly Course[],
  { type, unit }: Pick<MetricDefinition, 'type' | 'unit'>,
  { by, stepMs, lookBackMs }: Grouping,
): Course[] {
  const isAge = type === 'gauge' && unit === 'seconds';
  const groups = new Map<string, { labels: Record<string, string>; at: Map<number, number> }>();
  for (const { labels, points } of courses) {
    const left =
      by === undefined ? labels : Object.fromEntries(by.map((label) => [label, labels[label] ?? '']));
    const key = JSON.stringify(Object.entries(left).sort(([a], [b]) => a.localeCompare(b)));
    const group = groups.get(key) ?? { labels: left, at: new Map<number, number>() };
    groups.set(key, group);
    for (const [at, value] of evenly(points, stepMs, lookBackMs)) {
      const known = group.at.get(at);
      group.at.set(at, known === undefined ? value : isAge ? Math.max(known, value) : known + value);
    }
  }
  return [...groups.values()].map(({ labels, at }) => ({
    labels,
    points: [...at]
      .sort(([a], [b]) => a - b)
      .map(([time, value]): [string, number] => [new Date(time).toISOString(), value]),
  }));
}

/** The newest value at or before each step, from the first step that has one to the one behind the last sample. */
function evenly(points: Course['points'], stepMs: number, lookBackMs: number): [at: number, value: number][] {
  const samples = points.map(([at, value]) => [Date.parse(at), value] as const);
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return [];
  const even: [number, number][] = [];
  let index = 0;
  for (let at = Math.ceil(first[0] / stepMs) * stepMs; at < last[0] + stepMs; at += stepMs) {
    while (index + 1 < samples.length && samples[index + 1]![0] <= at) index++;
    if (at - samples[index]![0] <= lookBackMs) even.push([at, samples[index]![1]]);
  }
  return even;
}
