/** Readings of the installation as numbers that commands compare and show. */
import type { Reading } from '../core/metrics/index.js';

/** The sum of the readings of a name whose labels match. */
export type Read = (name: Reading['name'], labels?: Readonly<Record<string, string>>) => number;

export function readerOf(readings: readonly Reading[]): Read {
  return (name, labels = {}) =>
    readings
      .filter(
        (reading) =>
          reading.name === name &&
          Object.entries(labels).every(([label, wanted]) => reading.labels?.[label] === wanted),
      )
      .reduce((sum, { value }) => sum + value, 0);
}

/** By how much a counter grew from point to point; one that began anew grew by nothing. */
export function growthOf(values: readonly number[]): number[] {
  return values.slice(1).map((value, index) => Math.max(0, value - values[index]!));
}
