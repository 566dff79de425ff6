/**
 * Functions of Prometheus over a window of samples, as release 2.42 computes them (promql/functions.go describes the
 * rules: a reset of a counter adds what it had; the ends are extrapolated by at most half a pause between samples, and
 * never below zero). A window holds both its ends.
 */

/** Seconds and value, in the order of time. */
export type Sample = readonly [at: number, value: number];

/** Share of the mean pause within which an end counts as covered. */
const coveredPauses = 1.1;

/** Samples from `at - over` to `at`. */
export function windowOf(samples: readonly Sample[], at: number, over: number): readonly Sample[] {
  return samples.slice(firstFrom(samples, at - over), firstFrom(samples, at, true));
}

/** How much a counter grew in the window; undefined with fewer than two samples. */
export function increaseOf(samples: readonly Sample[], at: number, over: number): number | undefined {
  const growth = growthOf(samples, at, over);
  return growth && growth.grown * growth.factor;
}

/** The same for each second, rounded where Prometheus rounds: a comparison may be decided by the last bit. */
export function rateOf(samples: readonly Sample[], at: number, over: number): number | undefined {
  const growth = growthOf(samples, at, over);
  return growth && growth.grown * (growth.factor / over);
}

/** Growth between the first and the last sample, and by how much more it is taken to be in the whole window. */
function growthOf(
  samples: readonly Sample[],
  at: number,
  over: number,
): { grown: number; factor: number } | undefined {
  const within = windowOf(samples, at, over);
  const [first] = within;
  const last = within.at(-1);
  if (first === undefined || last === undefined || within.length < 2) return undefined;
  let grown = last[1] - first[1];
  for (let index = 1; index < within.length; index++)
    if (within[index]![1] < within[index - 1]![1]) grown += within[index - 1]![1];
  const sampled = last[0] - first[0];
  const pause = sampled / (within.length - 1);
  let before = first[0] - (at - over);
  // A counter begins with 0: it cannot have grown for longer than it took to get there.
  if (grown > 0 && first[1] >= 0) before = Math.min(before, sampled * (first[1] / grown));
  const after = at - last[0];
  const covered = pause * coveredPauses;
  const extrapolated =
    sampled + (before < covered ? before : pause / 2) + (after < covered ? after : pause / 2);
  return { grown, factor: extrapolated / sampled };
}

/** The mean of the samples in the window. */
export function averageOf(samples: readonly Sample[], at: number, over: number): number | undefined {
  const within = windowOf(samples, at, over);
  if (within.length === 0) return undefined;
  return within.reduce((sum, [, value]) => sum + value, 0) / within.length;
}

/** The latest sample, unless it is older than `staleSeconds`. */
export function latestOf(samples: readonly Sample[], at: number, staleSeconds: number): number | undefined {
  const found = samples[firstFrom(samples, at, true) - 1];
  return found !== undefined && found[0] >= at - staleSeconds ? found[1] : undefined;
}

/**
 * Quantile from cumulative buckets: linear within the bucket in which it lies; in the last one its lower end.
 * @param buckets upper bound and count
 */
export function quantileOf(share: number, buckets: readonly (readonly [number, number])[]): number {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  if (sorted.length < 2 || sorted.at(-1)![0] !== Number.POSITIVE_INFINITY) return Number.NaN;
  let highest = 0;
  const counts = sorted.map(([, count]) => {
    highest = Math.max(highest, count);
    return highest;
  });
  const total = counts.at(-1)!;
  if (total === 0) return Number.NaN;
  const rank = share * total;
  const index = counts.slice(0, -1).findIndex((count) => count >= rank);
  if (index === -1) return sorted.at(-2)![0];
  const end = sorted[index]![0];
  if (index === 0 && end <= 0) return end;
  const start = index === 0 ? 0 : sorted[index - 1]![0];
  const below = index === 0 ? 0 : counts[index - 1]!;
  return start + (end - start) * ((rank - below) / (counts[index]! - below));
}

/** Index of the first sample at a time or later; with `after`, later. */
function firstFrom(samples: readonly Sample[], at: number, after = false): number {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const time = samples[middle]![0];
    if (time < at || (after && time === at)) low = middle + 1;
    else high = middle;
  }
  return low;
}
