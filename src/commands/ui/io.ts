/**
 * The terminal, as one object. Nothing else in the command line reads isTTY, columns or the colour variables,
 * and nothing else writes to the streams of the process.
 *
 * stdout carries the answer and nothing else; everything said to a person goes to stderr, in machine modes as
 * one JSON event a line.
 */
import { DartwingError } from '../../core/errors.js';
import type { GlobalFlags } from '../context.js';
import { createPalette, type Palette } from './palette.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** One of the two output streams. */
export interface OutputStream {
  readonly isTTY: boolean;
  /** Width in columns; 80 where nobody knows. */
  readonly columns: number;
  readonly palette: Palette;
  /** False once the reader has gone. */
  readonly isOpen: boolean;
  /** Writes; the promise waits until the text is on its way. Writing to a reader that has gone is no error. */
  write(text: string): Promise<void>;
}

/** How the command line wants the terminal to behave. */
export interface IoSettings {
  output: GlobalFlags['output'];
  quiet: boolean;
  verbose: boolean;
  /** `--color <when>`, false for `--no-color`. */
  color?: string | boolean | undefined;
  input: boolean;
}

export interface Io {
  readonly out: OutputStream;
  readonly err: OutputStream;
  readonly settings: Readonly<IoSettings>;
  /** Documents are asked for: stderr speaks in events, nobody is prompted. */
  readonly machine: boolean;
  /** Somebody sits at the terminal and may be asked. */
  readonly interactive: boolean;
  /** Says something to a person; silent with --quiet and in machine modes. */
  note(text: string): void;
  /** As `note`, but only with --verbose or --debug. */
  detail(text: string): void;
  /** A warning, also as an event in machine modes. */
  warn(code: string, message: string): void;
  /** One JSON event on stderr; only in machine modes. */
  event(event: Readonly<Record<string, unknown>> & { type: string }): void;
  /** Writes to stderr whatever the mode: errors, prompts, progress. */
  say(text: string): void;
  /**
   * Tells of every key that is pressed, until the returned function is called; only where somebody sits there. Ctrl-C
   * still interrupts.
   */
  hearKeys(hear: (key: string) => void): () => void;
  /** All of stdin, at most `bytesMax`. */
  readStdin(bytesMax?: number): Promise<string>;
  /** From now on these texts are masked on stderr, if they are long enough to be secrets. */
  conceal(secrets: readonly string[]): void;
}

/** Masking less than this would hide letters of every word, and whoever has so short a secret has none. */
const concealedCharsMin = 4;
const stdinBytesMax = 16 * 1_048_576;

/** Looks at the streams of a process. `onClosed` is told when the reader of stdout has gone. */
export function createIo(
  process: NodeJS.Process,
  env: Environment,
  settings: IoSettings,
  onClosed?: () => void,
): Io {
  const secrets = new Set<string>();
  const masked = (text: string): string => {
    let result = text;
    for (const secret of secrets) result = result.replaceAll(secret, '***');
    return result;
  };
  const machine = settings.output !== 'table';
  // Node makes its streams when they are first touched, and each costs a millisecond.
  const out = once(() => outputStream(process.stdout, env, settings.color, onClosed));
  const err = once(() => outputStream(process.stderr, env, settings.color));
  const say = (text: string): void => void err().write(masked(text));
  const event: Io['event'] = (value) => {
    if (machine) say(`${JSON.stringify(value)}\n`);
  };
  const note = (text: string): void => {
    if (!machine && !settings.quiet) say(`${text}\n`);
  };
  return Object.freeze({
    get out() {
      return out();
    },
    get err() {
      return err();
    },
    settings,
    machine,
    get interactive() {
      const wanted = settings.input && !machine && !isSet(env.CI) && env.TERM !== 'dumb';
      return wanted && process.stdin.isTTY === true && err().isTTY;
    },
    say,
    event,
    note,
    detail: (text: string) => {
      if (settings.verbose) note(text);
    },
    warn: (code: string, message: string) => {
      if (settings.quiet) return;
      event({ type: 'warning', code, message });
      const { yellow, signs } = err().palette;
      note(`${yellow(signs.warn)} ${message}`);
    },
    hearKeys: (hear: (key: string) => void) => hearKeys(process, hear),
    readStdin: (bytesMax = stdinBytesMax) => readAll(process.stdin, bytesMax),
    conceal: (values: readonly string[]) => {
      for (const value of values) if (value.length >= concealedCharsMin) secrets.add(value);
    },
  });
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function outputStream(
  stream: NodeJS.WriteStream,
  env: Environment,
  color: IoSettings['color'],
  onClosed?: () => void,
): OutputStream {
  const palette = createPalette(hasColour(stream, env, color), hasUnicode(env));
  let isOpen = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    isOpen = false;
    onClosed?.();
  });
  return Object.freeze({
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns ?? 80;
    },
    palette,
    get isOpen() {
      return isOpen;
    },
    write: (text: string) => new Promise<void>((resolve) => void stream.write(text, () => resolve())),
  });
}

/** First that decides: flag, NO_COLOR, FORCE_COLOR, TERM=dumb, terminal. */
function hasColour(stream: NodeJS.WriteStream, env: Environment, flag: IoSettings['color']): boolean {
  if (flag === false || flag === 'never') return false;
  if (flag === 'always') return true;
  if (isSet(env.NO_COLOR)) return false;
  const force = env.FORCE_COLOR ?? env.CLICOLOR_FORCE;
  if (isSet(force)) return force !== '0';
  return env.TERM !== 'dumb' && stream.isTTY === true;
}

function hasUnicode(env: Environment): boolean {
  if (isSet(env.WT_SESSION)) return true;
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}

/** In raw mode the terminal no longer makes a signal of Ctrl-C, so it is made here. */
function hearKeys(process: NodeJS.Process, hear: (key: string) => void): () => void {
  const { stdin } = process;
  const onData = (data: Buffer): void => {
    for (const key of data.toString('utf8')) {
      if (key === '\u0003') process.kill(process.pid, 'SIGINT');
      else hear(key);
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', onData).resume();
  return () => {
    stdin.off('data', onData).pause();
    stdin.setRawMode(false);
  };
}

async function readAll(stream: NodeJS.ReadStream, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > bytesMax) {
      throw new DartwingError('BAD_FILE', { file: 'stdin', message: `it holds more than ${bytesMax} bytes` });
    }
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
