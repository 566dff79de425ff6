/** Who runs `up` in a folder, written beside its data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DartwingError } from '../../core/errors.js';

export interface Holder {
  pid: number;
  url: string;
  started_at: string;
}

/** The file that names the holder. */
export function holderFile(folder: string): string {
  return join(folder, 'up.json');
}

/** Who holds a folder, or held it and was killed; undefined when nobody wrote it down. */
export function readHolder(folder: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(holderFile(folder), 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** That a folder is held, and by whom. */
export function alreadyUp(folder: string, shown: string): DartwingError {
  const { pid, url } = readHolder(folder) ?? { pid: 'unknown', url: 'still starting' };
  return new DartwingError('ALREADY_UP', { directory: shown, pid, url });
}

/** Whether the process that wrote itself down still lives. Another one may have its number by now: only a hint. */
export function isUp(folder: string): boolean {
  const holder = readHolder(folder);
  if (holder === undefined) return false;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
