/** Measuring in interleaved pairs on a noisy machine, and telling what came out. */
import { performance } from 'node:perf_hooks';

/** One timed run; returns milliseconds, or any other amount of which less is better. */
export type Probe = () => Promise<number>;

/** What pairs of runs have shown. */
export interface Comparison {
  reference: number;
  measured: number;
  /** Median of the ratios of the pairs, which drift and load of the machine do not move. */
  ratio: number;
  pairs: number;
}

/** One line of a report. */
export interface Figure {
  what: string;
  unit: string;
  /** The amount that is compared with; absent where a figure stands alone. */
  reference?: number;
  measured: number;
  ratio?: number;
  /** Largest ratio that is allowed, or largest amount where there is no ratio. */
  atMost?: number;
  /** Smallest amount that is allowed. */
  atLeast?: number;
  pairs?: number;
  verdict: 'PASS' | 'MISS' | 'info';
}

/** What a benchmark found. */
export interface Report {
  bench: string;
  figures: Figure[];
  /** Sentences that the figures need. */
  notes: string[];
}

/** Makes a probe of some work. */
export function timed(work: () => Promise<unknown>): Probe {
  return async () => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };
}

/** How long a comparison may take before it is content with fewer pairs, but never fewer than `pairsMin`. */
const budgetMs = 10_000;
const pairsMin = 5;

/** How a comparison is made. */
export interface Pairing {
  count: number;
  warmups?: number;
}

/** Compares two probes in interleaved pairs, as `compareAll`. */
export async function compare(reference: Probe, measured: Probe, pairing: Pairing): Promise<Comparison> {
  const amounts = (probe: Probe) => async () => ({ amount: await probe() });
  return (await compareAll(amounts(reference), amounts(measured), pairing)).amount;
}

/**
 * Runs both sides in turn, `count` times unless that takes too long, and compares each amount they return. The one
 * that begins changes from pair to pair, so that neither always finds the caches that the other one warmed.
 */
export async function compareAll<Key extends string>(
  reference: () => Promise<Record<Key, number>>,
  measured: () => Promise<Record<Key, number>>,
  { count, warmups = 3 }: Pairing,
): Promise<Record<Key, Comparison>> {
  const started = performance.now();
  const mayGoOn = (round: number) => round < pairsMin || performance.now() - started < budgetMs;
  for (let round = 0; round < warmups && mayGoOn(round + pairsMin); round++) {
    await reference();
    await measured();
  }
  const pairs: { reference: Record<Key, number>; measured: Record<Key, number> }[] = [];
  for (let round = 0; round < count && mayGoOn(round); round++) {
    if (round % 2 === 0) {
      const first = await reference();
      pairs.push({ reference: first, measured: await measured() });
    } else {
      const first = await measured();
      pairs.push({ reference: await reference(), measured: first });
    }
  }
  const keys = Object.keys(pairs[0]!.reference) as Key[];
  const comparisons = keys.map((key) => [
    key,
    {
      reference: median(pairs.map((pair) => pair.reference[key])),
      measured: median(pairs.map((pair) => pair.measured[key])),
      ratio: median(pairs.map((pair) => pair.measured[key] / pair.reference[key])),
      pairs: pairs.length,
    },
  ]);
  return Object.fromEntries(comparisons) as Record<Key, Comparison>;
}

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A line about a comparison; without `atMost` it is for information. */
export function ratioFigure(what: string, compared: Comparison, atMost?: number, unit = 'ms'): Figure {
  const { reference, measured, ratio, pairs } = compared;
  const verdict = atMost === undefined ? 'info' : ratio <= atMost ? 'PASS' : 'MISS';
  return {
    what,
    unit,
    reference,
    measured,
    ratio,
    pairs,
    ...(atMost === undefined ? {} : { atMost }),
    verdict,
  };
}

/** A line about one amount. */
export function amountFigure(
  what: string,
  measured: number,
  unit: string,
  bound: { atMost?: number; atLeast?: number } = {},
): Figure {
  const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = bound;
  const met = measured <= atMost && measured >= atLeast;
  const verdict = Object.keys(bound).length === 0 ? 'info' : met ? 'PASS' : 'MISS';
  return { what, unit, measured, ...bound, verdict };
}

/** Says on standard error what is being measured, for whoever waits. */
export function progress(what: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${what}` : `${what}\n`);
}

/** Prints a report as a table, or as JSON. */
export function printReport(report: Report, json: boolean): void {
  if (process.stderr.isTTY) progress('');
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : table(report));
}

function table({ bench, figures, notes }: Report): string {
  const rows = [
    [bench, 'reference', 'measured', 'ratio', 'required', 'pairs', ''],
    ...figures.map((figure) => [
      figure.what,
      figure.reference === undefined ? '' : amount(figure.reference, figure.unit),
      amount(figure.measured, figure.unit),
      figure.ratio === undefined ? '' : `${figure.ratio.toFixed(2)} x`,
      requirement(figure),
      figure.pairs === undefined ? '' : String(figure.pairs),
      figure.verdict === 'info' ? '' : figure.verdict,
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  return `${[...lines, '', ...notes].join('\n')}\n`;
}

function requirement({ atMost, atLeast, ratio, unit }: Figure): string {
  if (atLeast !== undefined) return `>= ${amount(atLeast, unit)}`;
  if (atMost === undefined) return '';
  return ratio === undefined ? `<= ${amount(atMost, unit)}` : `<= ${atMost} x`;
}

function amount(value: number, unit: string): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} ${unit}`;
}
