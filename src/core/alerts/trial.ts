/** What a rule does over given samples, step by step, as the watch does it. */
import { evaluate, type SampledSeries } from './evaluate.js';
import { type AlertInstance, step, textOf } from './life.js';
import { conditionOf, type Level, type Rule } from './rules.js';

type Named = SampledSeries & { name: string };

/** The labels that fire at each step, the first at 0 s. */
export function firingsOf(
  rule: Rule,
  level: Level,
  series: readonly Named[],
  steps: number,
  stepSeconds: number,
): AlertInstance['labels'][][] {
  const condition = conditionOf(rule, level);
  const byName = new Map<string, Named[]>();
  for (const one of series) {
    const same = byName.get(one.name);
    if (same === undefined) byName.set(one.name, [one]);
    else same.push(one);
  }
  const history = { select: (name: string) => byName.get(name) ?? [] };
  const span = { forSeconds: level.forSeconds, keepSeconds: rule.keepSeconds };
  let known: AlertInstance[] = [];
  return Array.from({ length: steps }, (_, index) => {
    const at = index * stepSeconds;
    known = step(known, evaluate(condition, history, at), at, span).alive;
    return known.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
  });
}

export interface FiringSpan {
  state: 'firing';
  labels: Record<string, string>;
  from_seconds: number;
  /** The last step at which it fires. */
  to_seconds: number;
}

/** The same as stretches of time. */
export function tryLevel(
  rule: Rule,
  level: Level,
  series: readonly Named[],
  steps: number,
  stepSeconds: number,
): FiringSpan[] {
  const spans: FiringSpan[] = [];
  const open = new Map<string, FiringSpan>();
  for (const [index, firing] of firingsOf(rule, level, series, steps, stepSeconds).entries()) {
    const keys = new Set(firing.map(textOf));
    for (const key of open.keys()) if (!keys.has(key)) open.delete(key);
    for (const labels of firing) {
      const at = index * stepSeconds;
      const known = open.get(textOf(labels));
      if (known !== undefined) known.to_seconds = at;
      else {
        const span: FiringSpan = { state: 'firing', labels: { ...labels }, from_seconds: at, to_seconds: at };
        open.set(textOf(labels), span);
        spans.push(span);
      }
    }
  }
  return spans;
}
