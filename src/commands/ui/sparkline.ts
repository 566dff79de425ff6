/** A course of values in one line of text. */
const blocks = '▁▂▃▄▅▆▇█';
const asciiBlocks = '_.-=+*#@';

/**
 * The last values, at most `columns` of them, from nothing to the largest. A gap is a space; where nothing moved the
 * line is flat at its bottom.
 */
export function sparkline(values: readonly number[], columns: number, ascii = false): string {
  const shown = values.slice(-columns);
  const most = Math.max(0, ...shown.filter(Number.isFinite));
  const signs = ascii ? asciiBlocks : blocks;
  return shown
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      const height = most <= 0 ? 0 : Math.round((Math.max(0, value) / most) * (signs.length - 1));
      return signs[height];
    })
    .join('');
}
