/** Shows a page in the browser of whoever sits here. */
import { spawn } from 'node:child_process';
import type { CommandContext } from '../context.js';

const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  // `start` is a word of the shell; the empty text is the title of its window.
  win32: ['cmd', '/c', 'start', ''],
};

/** Opens the page where the server can be read and tried. Where there is no browser the address is said instead. */
export function openPage({ io, env }: Pick<CommandContext, 'io' | 'env'>, url: string): void {
  const page = new URL('/reference', url).href;
  const [program, ...words] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...words, page], { stdio: 'ignore', detached: true, env: { ...env } });
  child.once('error', () => io.note(`Open ${page} in a browser`));
  child.unref();
}
