import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireFolder } from '../../folders.js';
import { limits } from '../../limits.js';
import { pauses } from './pauses.js';
import { birthOf } from './processes.js';

/** Whether `withLock` got its turn, and if not, the process that had it all the time. */
type Turn<T> = { result: T } | { holder: number };

/**
 * Runs `act` while no other process (and no other caller in this one) does so for the same directory. Waits at most
 * `waitMs`. A process that dies leaves nothing to clean: its claim counts no longer.
 *
 * Each claim is a file of its own, named after process and start time. Names never come again, so a dead
 * process's claim can be removed by everybody without the race of a single lock file, where the second
 * cleaner removes the fresh lock of the first.
 */
export async function withLock<T>(
  directory: string,
  act: () => Promise<T>,
  waitMs: number = limits.embeddedLockMs,
): Promise<Turn<T>> {
  requireFolder(directory);
  const claim = `${process.pid}.${birthOf(process.pid)}.${randomBytes(6).toString('hex')}`;
  let holder = 0;
  for await (const _ of pauses(waitMs)) {
    holder = await otherHolder(directory, claim);
    if (holder !== 0) continue;
    try {
      await writeFile(join(directory, claim), '', { flag: 'wx' });
      // Of two who claim at once at least one sees the other here; whoever does steps back.
      holder = await otherHolder(directory, claim);
      if (holder === 0) return { result: await act() };
    } finally {
      await rm(join(directory, claim), { force: true });
    }
  }
  return { holder };
}

/** Pid of a living process with a claim that is not `own`, or 0. Claims of the dead are removed. */
async function otherHolder(directory: string, own: string): Promise<number> {
  for (const claim of await readdir(directory)) {
    if (claim === own) continue;
    const [pid, birth] = claim.split('.');
    if (birth !== undefined && birthOf(Number(pid)) === birth) return Number(pid);
    await rm(join(directory, claim), { force: true, recursive: true });
  }
  return 0;
}
