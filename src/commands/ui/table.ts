/** Tables: borderless columns for a person, TSV for a pipe. */
import type { TableView } from '../spec.js';
import type { OutputStream } from './io.js';
import { escapeControls, textWidth, truncate } from './width.js';

type Columns = TableView['columns'];

const gutter = 2;
const columnWidthMin = 4;

/** Rows as TSV: no header, nothing shortened. */
export function tsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(escapeControls).join('\t')}\n`).join('');
}

/** Rows as an aligned table with a header, fitted to the width of the terminal. */
export async function terminalTable(
  columns: Columns,
  rows: readonly (readonly string[])[],
  stream: OutputStream,
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const header = columns.map((column) => column.header.toUpperCase());
  const cells = rows.map((row) => row.map(escapeControls));
  const widths = fitted(widest(header, cells), stream.columns);
  const table = new Table({
    chars: borderless,
    // The library colours heads and borders by itself, even in a pipe, unless told not to.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: columns.map((column) => column.align ?? 'left'),
  });
  const shorten = (row: readonly string[]): string[] =>
    row.map((cell, index) => truncate(cell, widths[index]!));
  table.push(shorten(header).map(stream.palette.bold), ...cells.map(shorten));
  return table.toString().replace(/ +$/gm, '').concat('\n');
}

/** One document as lines of key and value. */
export function keyValues(pairs: readonly (readonly [string, string])[], stream: OutputStream): string {
  if (!stream.isTTY) return tsv(pairs);
  const width = Math.max(0, ...pairs.map(([key]) => textWidth(key)));
  return pairs
    .map(([key, value]) => `${stream.palette.dim(key.padEnd(width))}  ${escapeControls(value)}\n`)
    .join('');
}

const borderless = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' '.repeat(gutter),
};

function widest(header: readonly string[], rows: readonly (readonly string[])[]): number[] {
  return header.map((title, index) =>
    Math.max(textWidth(title), ...rows.map((row) => textWidth(row[index] ?? ''))),
  );
}

/** Takes columns from the widest until the row fits. */
function fitted(widths: readonly number[], columns: number): number[] {
  const result = [...widths];
  let excess = result.reduce((sum, width) => sum + width + gutter, -gutter) - columns;
  while (excess > 0) {
    const largest = Math.max(...result);
    if (largest <= columnWidthMin) break;
    const next = Math.max(columnWidthMin, ...result.filter((width) => width < largest));
    const index = result.indexOf(largest);
    const cut = Math.min(excess, Math.max(1, largest - next));
    result[index] = largest - cut;
    excess -= cut;
  }
  return result;
}
