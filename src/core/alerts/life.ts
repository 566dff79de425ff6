/**
 * The life of an alert, as Prometheus lives it: what holds is pending until it has held for `forSeconds`, then it
 * fires; what no longer holds is over, a firing one only when it has not held for `keepSeconds`.
 */
import type { Found } from './evaluate.js';

export interface AlertInstance {
  labels: Found['labels'];
  state: 'pending' | 'firing';
  value: number;
  /** Seconds since when it holds, since when it fires, and since when a firing one no longer holds. */
  activeAt: number;
  firedAt: number | null;
  keptSince: number | null;
}

export interface Span {
  forSeconds: number;
  keepSeconds: number;
}

/** The next states at a moment; `over` are those that fired and no longer do. */
export function step(
  known: readonly AlertInstance[],
  found: readonly Found[],
  at: number,
  { forSeconds, keepSeconds }: Span,
): { alive: AlertInstance[]; over: AlertInstance[] } {
  const alive: AlertInstance[] = [];
  const over: AlertInstance[] = [];
  const holding = new Map(found.map((one) => [textOf(one.labels), one]));
  for (const instance of known) {
    const now = holding.get(textOf(instance.labels));
    holding.delete(textOf(instance.labels));
    if (now !== undefined) {
      alive.push(risen({ ...instance, value: now.value, keptSince: null }, at, forSeconds));
      continue;
    }
    if (instance.state === 'pending') continue;
    const keptSince = instance.keptSince ?? at;
    if (keepSeconds > 0 && at - keptSince < keepSeconds) alive.push({ ...instance, keptSince });
    else over.push(instance);
  }
  for (const { labels, value } of holding.values()) {
    const begun: AlertInstance = {
      labels,
      value,
      state: 'pending',
      activeAt: at,
      firedAt: null,
      keptSince: null,
    };
    alive.push(risen(begun, at, forSeconds));
  }
  return { alive, over };
}

function risen(instance: AlertInstance, at: number, forSeconds: number): AlertInstance {
  if (instance.state === 'firing' || at - instance.activeAt < forSeconds) return instance;
  return { ...instance, state: 'firing', firedAt: at };
}

/** Labels as one text, whatever their order. */
export function textOf(labels: Found['labels']): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`)
    .join(',');
}
