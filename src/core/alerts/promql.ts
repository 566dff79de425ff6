/** Writes conditions as PromQL. Everything is aggregated, so that labels of a scrape (instance, job) never matter. */
import {
  type Comparison,
  type Expression,
  labelsOf,
  type Plain,
  reductionOf,
  type Where,
} from './expression.js';

const signs: Readonly<Record<Comparison['is'], string>> = {
  above: '>',
  below: '<',
  at_least: '>=',
  at_most: '<=',
};

/** The text of a condition or an expression. */
export function promqlOf(given: Plain | Expression): string {
  if ('compare' in given) {
    const { compare, is, than } = given;
    const right = typeof than === 'number' ? numberText(than) : operand(than);
    return `${operand(compare)} ${signs[is]} ${right}`;
  }
  if ('all' in given) {
    const [first, ...rest] = given.all;
    return rest.reduce(
      (text, one) => `${text} and on (${labelsOf(one).join(', ')}) (${promqlOf(one)})`,
      `(${promqlOf(first!)})`,
    );
  }
  if ('absent' in given) return `absent(max(${given.absent}))`;
  return expressionText(given);
}

function expressionText(one: Expression): string {
  if ('ratio' in one) return `${operand(one.ratio[0])} / ${operand(one.ratio[1])}`;
  if ('times' in one) return `${numberText(one.times)} * ${operand(one.of)}`;
  const by = one.by === undefined || one.by.length === 0 ? '' : ` by (${one.by.join(', ')})`;
  if ('gauge' in one)
    return `${one.reduce ?? reductionOf(one.gauge)}${by} (${selector(one.gauge, one.where)})`;
  if ('average' in one)
    return `${reductionOf(one.average)}${by} (avg_over_time(${range(one.average, one.where, one.over)}))`;
  if ('quantile' in one) {
    const labels = ['le', ...(one.by ?? [])].join(', ');
    const buckets = range(`${one.quantile}_bucket`, one.where, one.over);
    return `histogram_quantile(${one.share}, sum by (${labels}) (rate(${buckets})))`;
  }
  const [verb, name] = 'rate' in one ? (['rate', one.rate] as const) : (['increase', one.increase] as const);
  return `${reductionOf(name)}${by} (${verb}(${range(name, one.where, one.over)}))`;
}

/** A quotient or a product in a larger term. */
function operand(one: Expression): string {
  const text = expressionText(one);
  return 'ratio' in one || 'times' in one ? `(${text})` : text;
}

function selector(name: string, where: Where | undefined): string {
  const matchers = Object.entries(where ?? {}).map(([label, value]) =>
    value.startsWith('~')
      ? `${label}=~${JSON.stringify(value.slice(1))}`
      : `${label}=${JSON.stringify(value)}`,
  );
  return matchers.length === 0 ? name : `${name}{${matchers.join(',')}}`;
}

function range(name: string, where: Where | undefined, over: number): string {
  return `${selector(name, where)}[${durationText(over)}]`;
}

/** A number as Prometheus reads it. */
function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(12)));
}

/** `300` → `5m`. */
export function durationText(seconds: number): string {
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ] as const)
    if (seconds % size === 0 && seconds > 0) return `${seconds / size}${unit}`;
  return `${seconds}s`;
}
