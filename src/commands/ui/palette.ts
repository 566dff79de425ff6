/**
 * The colours that mean something, and their signs. Five escape sequences are no reason for a library, and those
 * there are decide for themselves what a terminal is.
 */

/** Colours and signs of one stream; without colour every function returns its text unchanged. */
export interface Palette {
  /** Failed. */
  red(text: string): string;
  /** Wants attention. */
  yellow(text: string): string;
  /** Done. */
  green(text: string): string;
  /** Secondary. */
  dim(text: string): string;
  /** Names. */
  bold(text: string): string;
  readonly signs: Readonly<{ ok: string; fail: string; warn: string; dot: string }>;
}

const unicodeSigns = Object.freeze({ ok: '✓', fail: '✗', warn: '!', dot: '·' });
const asciiSigns = Object.freeze({ ok: 'ok', fail: 'x', warn: '!', dot: '-' });

/** Makes the palette of a stream. */
export function createPalette(colour: boolean, unicode: boolean): Palette {
  const style = (on: number, off: number) => (text: string) =>
    colour ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return Object.freeze({
    red: style(31, 39),
    yellow: style(33, 39),
    green: style(32, 39),
    dim: style(2, 22),
    bold: style(1, 22),
    signs: unicode ? unicodeSigns : asciiSigns,
  });
}
