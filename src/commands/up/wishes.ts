/** What somebody at the terminal of `up` wishes by a key. */
import type { CommandContext } from '../context.js';
import { openPage } from './browser.js';

export type Wish = 'stop' | 'restart';

/** What is wished by key or signal, one after another; keys that are pressed meanwhile wait for their turn. */
export function hearWishes(context: CommandContext, url: string): () => Promise<Wish> {
  const { io, signal } = context;
  const waiting: Wish[] = [];
  let wake = (): void => {};
  const wish = (what: Wish): void => {
    waiting.push(what);
    wake();
  };
  if (io.interactive)
    context.defer(
      io.hearKeys((key) => {
        if (key === 'q') wish('stop');
        else if (key === 'r') wish('restart');
        else if (key === 'o') openPage(context, url);
      }),
    );
  signal.addEventListener('abort', () => wake());
  return async () => {
    for (;;) {
      if (signal.aborted) return 'stop';
      const next = waiting.shift();
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}
