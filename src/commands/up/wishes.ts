/** What somebody at the terminal of `up` wishes by a key. */
import { spawn } from 'node:child_process';
import type { CommandContext } from '../context.js';
import { openPage } from './browser.js';

export type Wish = 'stop' | 'restart';

/** What is wished by key or signal, one after another; keys that are pressed meanwhile wait for their turn. */
export function hearWishes(context: CommandContext, url: string): () => Promise<Wish> {
  const { io, signal } = context;
  const waiting: (Wish | 'top')[] = [];
  let wake = (): void => {};
  const wish = (what: Wish | 'top'): void => {
    waiting.push(what);
    wake();
  };
  const hear = (): (() => void) =>
    io.hearKeys((key) => {
      if (key === 'q') wish('stop');
      else if (key === 'r') wish('restart');
      else if (key === 't') wish('top');
      else if (key === 'o') openPage(context, url);
    });
  let turnDeaf = io.interactive ? hear() : () => {};
  context.defer(() => turnDeaf());
  signal.addEventListener('abort', () => wake());
  return async () => {
    for (;;) {
      if (signal.aborted) return 'stop';
      const next = waiting.shift();
      if (next === 'top') {
        turnDeaf();
        await context.lend(() => showTop(context));
        turnDeaf = hear();
        io.note(`Still up at ${url}`);
      } else if (next !== undefined) return next;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  };
}

/** `dartwing top` on this terminal until it ends; the server goes on below it. */
function showTop({ io, cwd, env, config, signal }: CommandContext): Promise<void> {
  const words = [...process.execArgv, process.argv[1]!, 'top'];
  const top = spawn(process.execPath, words, {
    cwd,
    env: { ...env, DARTWING_DATA: config.values.data },
    stdio: 'inherit',
  });
  const end = (): void => void top.kill();
  signal.addEventListener('abort', end, { once: true });
  return new Promise<void>((resolve) => {
    top.once('error', (error) => {
      io.warn('TOP', `dartwing top cannot be started: ${error.message}`);
      resolve();
    });
    top.once('close', () => resolve());
  }).finally(() => signal.removeEventListener('abort', end));
}
