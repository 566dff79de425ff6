/** Series as promtool's unit tests write them. */
import type { Rule } from '../../core/alerts/index.js';
import { DartwingError, nearest } from '../../core/errors.js';

export interface WrittenSeries {
  name: string;
  labels: Record<string, string>;
  samples: (readonly [number, number])[];
  steps: number;
}

const stepsMax = 20_000;

/** `name{a="x"}` and `1 2 _ 5+10x3 4x2`. @throws BAD_FILE */
export function seriesOf(
  { series, values }: { series: string; values: string },
  stepSeconds: number,
  file: string,
): WrittenSeries {
  const bad = (message: string) => new DartwingError('BAD_FILE', { file, message });
  const [, name, inner = ''] = /^\s*([A-Za-z_:][\w:]*)\s*(?:\{(.*)\})?\s*$/.exec(series) ?? [];
  if (name === undefined) throw bad(`"${series.slice(0, 60)}" is not a series such as up{instance="one"}`);
  const labels = Object.fromEntries(
    [...inner.matchAll(/([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"/g)].map(([, label, value]) => [
      label!,
      value!,
    ]),
  );
  const points: (number | undefined)[] = [];
  for (const word of values.trim().split(/\s+/)) {
    points.push(...expanded(word, bad));
    if (points.length > stepsMax) throw bad(`a series has at most ${stepsMax} values`);
  }
  const samples = points.flatMap((value, index) =>
    value === undefined ? [] : [[index * stepSeconds, value] as const],
  );
  return { name, labels, samples, steps: points.length };
}

function expanded(word: string, bad: (message: string) => DartwingError): (number | undefined)[] {
  const gap = /^_(?:x(\d{1,5}))?$/.exec(word);
  if (gap !== null) return Array.from({ length: gap[1] === undefined ? 1 : Number(gap[1]) }, () => undefined);
  const number = String.raw`-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`;
  const found = new RegExp(`^(${number})(?:([+-]\\d+(?:\\.\\d+)?)?x(\\d{1,5}))?$`).exec(word);
  if (found === null) throw bad(`"${word.slice(0, 40)}" is not a value, _, or a run such as 0+10x20`);
  const [, start, by = '0', times] = found;
  const count = times === undefined ? 1 : Number(times) + 1;
  return Array.from({ length: count }, (_, index) => Number(start) + index * Number(by));
}

/** @throws ALERT_RULE_NOT_FOUND */
export function requireShipped(rules: readonly Rule[], id: string): Rule {
  const rule = rules.find((one) => one.id === id);
  if (rule !== undefined) return rule;
  const near = nearest(
    id,
    rules.map((one) => one.id),
  );
  throw new DartwingError(
    'ALERT_RULE_NOT_FOUND',
    { rule: id.slice(0, 80) },
    { fix: ['dartwing alert rule list', ...(near === undefined ? [] : [`dartwing alert show ${near}`])] },
  );
}
