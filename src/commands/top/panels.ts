/** The lines of a view as components of ink. Sixteen colours, or none. */
import { Box, Text } from 'ink';
import { createElement, type ReactElement } from 'react';
import type { Line, Tone } from './frame.js';

const styles: Readonly<Record<Tone, Record<string, unknown>>> = {
  red: { color: 'red' },
  yellow: { color: 'yellow' },
  green: { color: 'green' },
  dim: { dimColor: true },
  bold: { bold: true },
  plain: {},
  chosen: { inverse: true },
};

/** Without colour the chosen line is told by a sign, since nothing else would tell it. */
export function Screen({ lines, colour }: { lines: readonly Line[]; colour: boolean }): ReactElement {
  const part = ([text, tone]: Line[number], key: string) =>
    createElement(
      Text,
      { key, ...(colour ? styles[tone] : {}) },
      !colour && tone === 'chosen' ? `>${text.slice(1)}` : text,
    );
  const rows = lines.map((line, row) =>
    createElement(
      Text,
      { key: `row-${row}`, wrap: 'truncate' },
      line.length === 0 ? ' ' : line.map((one, index) => part(one, `part-${row}-${index}`)),
    ),
  );
  return createElement(Box, { flexDirection: 'column' }, rows);
}
