/** Readings of the installation as one number: what commands compare and show. */
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
