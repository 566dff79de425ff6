/** Long answers through $PAGER, where somebody sits at the terminal and asked for it. */
import { spawn } from 'node:child_process';
import type { Io } from './io.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the shell says of a program that is not there or cannot be run. */
const notStarted = [126, 127];

/**
 * Writes an answer and shows it page by page: on stdout when that is no terminal, or when the pager cannot be started.
 * What is said besides comes after it.
 */
export async function throughPager(
  io: Io,
  env: Environment,
  write: (io: Io) => Promise<void>,
): Promise<void> {
  const texts: string[] = [];
  const notes: string[] = [];
  const out = {
    ...io.out,
    write: async (text: string) => {
      texts.push(text);
    },
  };
  await write(
    Object.create(io, {
      out: { value: out },
      note: { value: (text: string) => void notes.push(text) },
    }) as Io,
  );
  const text = texts.join('');
  if (text !== '' && !(await page(text, env))) await io.out.write(text);
  for (const note of notes) io.note(note);
}

/** Whether a pager took the text. */
function page(text: string, env: Environment): Promise<boolean> {
  const command = env.PAGER === undefined || env.PAGER.trim() === '' ? 'less' : env.PAGER;
  const pager = spawn(command, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    // As git does: leave at once when it fits the screen, show colours, keep what was shown.
    env: { LESS: 'FRX', ...env },
  });
  // Whoever has seen enough closes the pager before its end.
  pager.stdin.on('error', () => {});
  pager.stdin.end(text);
  return new Promise((resolve) => {
    pager.on('error', () => resolve(false));
    pager.on('close', (code) => resolve(code === null || !notStarted.includes(code)));
  });
}
