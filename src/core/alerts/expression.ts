/**
 * What rules compare, as data. There is one small tree and two readers of it: `promql.ts` writes it for Prometheus,
 * `evaluate.ts` computes it here. A tree says only what both do alike.
 */
import { z } from 'zod';
import { parseDurationMs } from '../duration.js';
import { definitionOf, metricCatalogue } from '../metrics/index.js';

export type Where = Readonly<Record<string, string>>;

/** Series of a metric: `where` compares labels, with a regular expression behind `~`; `by` keeps labels apart. */
interface Selected {
  where?: Where | undefined;
  by?: readonly string[] | undefined;
}

export type Expression =
  | (Selected & { gauge: string; reduce?: 'sum' | 'max' | 'min' | undefined })
  | (Selected & { average: string; over: number })
  | (Selected & { rate: string; over: number })
  | (Selected & { increase: string; over: number })
  | (Selected & { quantile: string; share: number; over: number })
  | { ratio: readonly [Expression, Expression] }
  | { times: number; of: Expression };

/** How a value is compared with a number, with the threshold of the rule, or with another expression. */
export interface Comparison {
  compare: Expression;
  is: 'above' | 'below' | 'at_least' | 'at_most';
  than: number | 'threshold' | Expression;
}

/**
 * `all`: the first one decides about labels, and the others have to hold for the same ones. `burn`: an error budget is
 * spent `threshold` times faster than it lasts, over a long and over a short window.
 */
export type Condition =
  | Comparison
  | { all: readonly Condition[] }
  | { absent: string }
  | { burn: { bad: BurnPart; total: BurnPart; budget: number; long: number; short: number } };

interface BurnPart {
  rate: string;
  where?: Where | undefined;
}

const seconds = z.string().transform((text, context) => {
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms >= 15_000) return ms / 1_000;
  context.addIssue({ code: 'custom', message: `"${text}" is not a duration from 15s on, such as 5m` });
  return z.NEVER;
});
const metric = z.string().refine((name) => definitionOf(name) !== undefined, {
  error: ({ input }) => `${String(input)} is no metric of the catalogue`,
});
const where = z.record(z.string(), z.string()).optional();
const by = z.array(z.string()).optional();

const expression: z.ZodType<Expression> = z.lazy(() =>
  z.union([
    z.strictObject({ gauge: metric, reduce: z.enum(['sum', 'max', 'min']).optional(), where, by }),
    z.strictObject({ average: metric, over: seconds, where, by }),
    z.strictObject({ rate: metric, over: seconds, where, by }),
    z.strictObject({ increase: metric, over: seconds, where, by }),
    z.strictObject({ quantile: metric, share: z.number().gt(0).lt(1), over: seconds, where, by }),
    z.strictObject({ ratio: z.tuple([expression, expression]) }),
    z.strictObject({ times: z.number(), of: expression }),
  ]),
) as z.ZodType<Expression>;

const burnPart = z.strictObject({ rate: metric, where });

/** Reads a condition as files hold it; windows are durations there and seconds here. */
export const conditionSchema: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({
      compare: expression,
      is: z.enum(['above', 'below', 'at_least', 'at_most']),
      than: z.union([z.number(), z.literal('threshold'), expression]),
    }),
    z.strictObject({ all: z.array(conditionSchema).min(2) }),
    z.strictObject({ absent: metric }),
    z.strictObject({
      burn: z.strictObject({
        bad: burnPart,
        total: burnPart,
        budget: z.number().gt(0).lt(1),
        long: seconds,
        short: seconds,
      }),
    }),
  ]),
) as z.ZodType<Condition>;

/** The condition without `burn` and `threshold`: what both readers read. */
export type Plain =
  | { compare: Expression; is: Comparison['is']; than: number | Expression }
  | { all: readonly Plain[] }
  | { absent: string };

/** Puts the threshold in and writes a burn rate as the two comparisons that it is. */
export function plainOf(condition: Condition, threshold: number): Plain {
  if ('all' in condition) return { all: condition.all.map((one) => plainOf(one, threshold)) };
  if ('absent' in condition) return condition;
  if ('burn' in condition) {
    const { bad, total, budget, long, short } = condition.burn;
    const over = (window: number): Plain => ({
      compare: {
        ratio: [
          { ...bad, over: window },
          { ...total, over: window },
        ],
      },
      is: 'above',
      than: budget * threshold,
    });
    return { all: [over(long), over(short)] };
  }
  const { compare, is, than } = condition;
  return { compare, is, than: than === 'threshold' ? threshold : than };
}

/** Labels that the result carries. */
export function labelsOf(given: Expression | Plain): readonly string[] {
  if ('ratio' in given) return labelsOf(given.ratio[0]);
  if ('of' in given) return labelsOf(given.of);
  if ('compare' in given) return labelsOf(given.compare);
  if ('all' in given) return labelsOf(given.all[0]!);
  if ('absent' in given) return [];
  return given.by ?? [];
}

/** How several series of one metric become one: each process tells the same of the installation, and its own part else. */
export function reductionOf(name: string): 'sum' | 'max' {
  return definitionOf(name)?.of === 'installation' ? 'max' : 'sum';
}

type Term = Expression | Plain;
/** A term that reads a metric. */
type Leaf = Exclude<Term, { compare: unknown } | { all: unknown } | { ratio: unknown } | { of: unknown }>;

/** Every term of a condition that reads a metric. */
function leavesOf(given: Term | number): readonly Leaf[] {
  if (typeof given === 'number') return [];
  if ('compare' in given) return [given.compare, given.than].flatMap(leavesOf);
  if ('all' in given) return given.all.flatMap(leavesOf);
  if ('ratio' in given) return given.ratio.flatMap(leavesOf);
  return 'of' in given ? leavesOf(given.of) : [given];
}

/** Every metric that a condition reads, and the longest window over which it does. */
export function readsOf(given: Term): { names: Set<string>; over: number } {
  const leaves = leavesOf(given);
  return {
    names: new Set(leaves.map(metricOf)),
    over: Math.max(0, ...leaves.map((leaf) => ('over' in leaf ? leaf.over : 0))),
  };
}

function metricOf(leaf: object): string {
  const one = leaf as Record<string, unknown>;
  for (const key of ['gauge', 'average', 'rate', 'increase', 'quantile', 'absent'])
    if (typeof one[key] === 'string') return one[key];
  throw new Error('an expression without a metric');
}

const known = new Set<string>(metricCatalogue.map(({ name }) => name));

/** What is wrong with a condition beyond its shape: labels that are not kept, windows on what does not count. */
export function faultsOf(condition: Plain): string[] {
  return leavesOf(condition).flatMap(leafFaults);
}

function leafFaults(leaf: Leaf): string[] {
  const name = metricOf(leaf);
  // The sum and the count of a histogram are counters of their own.
  const isPart = /_(sum|count)$/.test(name) && definitionOf(name)?.type === 'histogram';
  if (!known.has(name) && !isPart) return [`${name} is no metric of the catalogue`];
  const { type: whole, kept } = definitionOf(name)!;
  const type = isPart ? 'counter' : whole;
  if (kept === undefined) return [`no samples of ${name} are kept`];
  if ('absent' in leaf) return [];
  const labels = [...Object.keys(leaf.where ?? {}), ...(leaf.by ?? [])];
  const faults = labels
    .filter((label) => !kept.includes(label))
    .map((label) => `${name} is not kept by ${label}`);
  const wanted =
    'quantile' in leaf ? 'histogram' : 'rate' in leaf || 'increase' in leaf ? 'counter' : 'gauge';
  return type === wanted ? faults : [...faults, `${name} is a ${type}, not a ${wanted}`];
}
