/** How fast work goes, from its last samples. */

export interface Rate {
  sample(done: number, atMs: number): void;
  /** Undefined until enough samples make it worth showing. */
  perSecond(): number | undefined;
  etaMs(total: number): number | undefined;
}

const samplesMax = 20;
const samplesMin = 5;

/** A moving average. What was done before `start` does not count, so that a continued run is not shown too fast. */
export function createRate(start: number): Rate {
  const samples: { done: number; atMs: number }[] = [];
  const perMs = (): number | undefined => {
    const first = samples[0];
    const last = samples.at(-1);
    if (first === undefined || last === undefined || samples.length < samplesMin) return undefined;
    const elapsed = last.atMs - first.atMs;
    return elapsed <= 0 ? undefined : (last.done - first.done) / elapsed;
  };
  return {
    sample: (done, atMs) => {
      samples.push({ done: Math.max(done, start), atMs });
      if (samples.length > samplesMax) samples.shift();
    },
    perSecond: () => {
      const speed = perMs();
      return speed === undefined ? undefined : speed * 1_000;
    },
    etaMs: (total) => {
      const speed = perMs();
      const done = samples.at(-1)?.done ?? start;
      return speed === undefined || speed <= 0 ? undefined : (total - done) / speed;
    },
  };
}
