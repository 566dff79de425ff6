/** Numbers that look random and are the same for the same seed: what happened once can be played again. */
export interface Draw {
  /** A whole number from 0 to below `end`. */
  below(end: number): number;
  /** One of some things. */
  of<T>(list: readonly T[]): T;
}

/** A generator of 32-bit numbers: a counter in steps of the golden ratio, its bits mixed by multiplications and shifts. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const below = (end: number) => Math.floor((next() / 2 ** 32) * end);
  return { below, of: (list) => list[below(list.length)]! };
}
