/**
 * The text form of Prometheus, version 0.0.4, written in slices: thousands of series in one piece would keep a process from
 * everything else for as long as that takes.
 */
import { setImmediate } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { limits } from '../limits.js';

type Labels = Readonly<Record<string, string | number>>;

/** A number as a metric of prom-client gives it; children of a histogram share one object of labels. */
interface Value {
  metricName?: string;
  labels?: Labels;
  sharedLabels?: Labels;
  value: number;
}

interface Gathered {
  name: string;
  help: string;
  type: string;
  values: readonly Value[];
}

/** What `get` of a metric is, and of histograms a way that spares a copy of the labels for each bucket. */
interface Metric {
  get(): Promise<unknown>;
  getForPromString?(): Promise<unknown>;
}

export async function expositionOf(register: Registry): Promise<string> {
  const pieces: string[] = [];
  let lines = 0;
  for (const metric of register.getMetricsAsArray() as unknown as readonly Metric[]) {
    const { name, help, type, values } = (await (metric.getForPromString?.() ?? metric.get())) as Gathered;
    pieces.push(`# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n`);
    let shared: Labels | undefined;
    let sharedText = '';
    for (const value of values) {
      if (value.sharedLabels !== shared) {
        shared = value.sharedLabels;
        sharedText = textOf(shared);
      }
      pieces.push(lineOf(value.metricName ?? name, textOf(value.labels), sharedText, value.value));
      if (++lines % limits.scrapeLinesAtOnce === 0) await setImmediate();
    }
  }
  return pieces.join('');
}

function lineOf(name: string, labels: string, shared: string, value: number): string {
  const both = labels === '' || shared === '' ? labels + shared : `${labels},${shared}`;
  return both === '' ? `${name} ${numberOf(value)}\n` : `${name}{${both}} ${numberOf(value)}\n`;
}

function textOf(labels: Labels = {}): string {
  let text = '';
  for (const label in labels)
    text += `${text === '' ? '' : ','}${label}="${escaped(labels[label]!).replaceAll('"', '\\"')}"`;
  return text;
}

function escaped(text: string | number): string {
  return String(text).replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberOf(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
