/**
 * The screen: ink on the alternate screen of the terminal, which is left whatever ends it. A bundle of its own in
 * ECMAScript's form, because ink comes in no other.
 */
import { Box, render, useInput } from 'ink';
import { createElement, type ReactElement } from 'react';
import type { Line } from './frame.js';
import {
  type Action,
  beginning,
  type Key,
  press,
  type TopState,
  withFailure,
  withSample,
  withWords,
} from './model.js';
import { Screen } from './panels.js';
import type { Panel, TopSample } from './sample.js';
import { columnsMin, rowsMin, summaryOf, viewOf } from './view.js';

export interface ScreenParts {
  process: NodeJS.Process;
  only: readonly Panel[];
  intervalMs: number;
  where: string;
  unicode: boolean;
  colour: boolean;
  /** Aborts when the command is told to end. */
  signal: AbortSignal;
  look(organization: string | undefined): Promise<TopSample>;
  act(action: Action): Promise<string>;
  organization: string | undefined;
}

const maxFps = 10;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** The other screen begins where the cursor stood on this one. */
const enterScreen = '\u001b[?1049h\u001b[H\u001b[?25l';
const leaveScreen = '\u001b[?25h\u001b[?1049l';

/** Stays until q, Ctrl-C or a signal. */
export async function showScreen(parts: ScreenParts): Promise<void> {
  const { process, signal, intervalMs, only } = parts;
  const { stdout, stdin } = process;
  let state: TopState = beginning(only);
  let { organization } = parts;
  let isShown = false;
  let finish = (): void => {};
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const show = (): void => {
    if (!isShown) stdout.write(enterScreen);
    isShown = true;
  };
  /** Synchronous, so that it works while the process ends. */
  const restore = (): void => {
    if (isShown) stdout.write(leaveScreen);
    isShown = false;
  };

  /** ink draws once more a moment after it has ended: what comes when the screen is left goes nowhere. */
  const output: NodeJS.WriteStream = Object.create(stdout, {
    write: { value: (text: string) => (isShown ? stdout.write(text) : true) },
  });

  const lines = (): readonly Line[] => {
    const { columns = 80, rows = 24 } = stdout;
    if (columns >= columnsMin && rows >= rowsMin)
      // The last row stays free: a line break in it would move everything up.
      return viewOf(state, { ...parts, columns, rows: rows - 1, now: new Date() });
    const sample = state.samples.at(-1);
    return [[[sample === undefined ? 'looking' : summaryOf(sample).slice(0, columns - 1), 'plain']]];
  };
  const draw = (): ReactElement =>
    createElement(
      Box,
      {},
      createElement(Keys, { onKey: hear }),
      createElement(Screen, { lines: lines(), colour: parts.colour }),
    );
  const change = (next: TopState): void => {
    state = next;
    if (!isShown) return;
    instance.rerender(draw());
  };

  const hear = (key: Key): void => {
    const { state: next, effect } = press(state, key);
    change(next);
    if (effect?.kind === 'quit') finish();
    else if (effect?.kind === 'suspend') suspend();
    else if (effect?.kind === 'org') {
      organization = effect.org === '' ? undefined : effect.org;
      void look();
    } else if (effect?.kind === 'act')
      void parts.act(effect.action).then(
        (said) => change(withWords(state, said)),
        (error: Error) => change(withWords(state, error.message)),
      );
  };

  let isLooking = false;
  const look = async (): Promise<void> => {
    // A tick is left out while the one before has not been answered; the age of what is shown goes on.
    if (isLooking) return change(state);
    isLooking = true;
    await parts.look(organization).then(
      (sample) => change(withSample(state, sample)),
      (error: Error) => change(withFailure(state, error.message)),
    );
    isLooking = false;
  };

  const suspend = (): void => {
    restore();
    stdin.setRawMode(false);
    process.kill(process.pid, 'SIGSTOP');
  };
  const goOn = (): void => {
    stdin.setRawMode(true);
    show();
    instance.clear();
    change(state);
  };
  const resized = (): void => change(state);

  const end = (): void => {
    instance.unmount();
    restore();
  };

  process.on('exit', end);
  process.on('SIGTSTP', suspend);
  process.on('SIGCONT', goOn);
  // ink ends a process whose signals nobody else listens to, and would leave its screen standing.
  for (const name of signals) process.on(name, finish);
  signal.addEventListener('abort', finish, { once: true });
  stdout.on('resize', resized);
  show();
  const instance = render(draw(), { stdout: output, stdin, exitOnCtrlC: false, patchConsole: false, maxFps });
  const timer = setInterval(() => void look(), intervalMs);
  try {
    void look();
    if (!signal.aborted) await ended;
  } finally {
    clearInterval(timer);
    stdout.off('resize', resized);
    process.off('SIGTSTP', suspend);
    process.off('SIGCONT', goOn);
    for (const name of signals) process.off(name, finish);
    end();
    process.off('exit', end);
  }
}

/** In raw mode the terminal makes no signals of keys: Ctrl-C is made one here, Ctrl-Z is a key of ours. */
function Keys({ onKey }: { onKey: (key: Key) => void }): null {
  useInput((text, key) => {
    if (key.ctrl && text === 'c') process.kill(process.pid, 'SIGINT');
    else if (key.ctrl && text === 'z') onKey('suspend');
    else if (key.upArrow) onKey('up');
    else if (key.downArrow) onKey('down');
    else if (key.return) onKey('enter');
    else if (key.escape) onKey('escape');
    else if (key.backspace || key.delete) onKey('backspace');
    else for (const sign of text) onKey(sign);
  });
  return null;
}
