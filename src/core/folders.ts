/** Making folders, and files that nobody else may read. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DartwingError } from './errors.js';

/**
 * Makes a folder and what is missing above it, one after another: `recursive` of Node 20 never returns where a folder
 * cannot be made in another that is there, as in /proc.
 * @param options.mode of each folder that is made, whatever the umask
 * @throws the error of the system
 */
export function makeFolder(path: string, { mode }: { mode?: number } = {}): void {
  const missing: string[] = [];
  let at = resolve(path);
  for (; statSync(at, { throwIfNoEntry: false }) === undefined && dirname(at) !== at; at = dirname(at))
    missing.push(at);
  if (!statSync(at).isDirectory()) throw new Error(`${at} is no folder`);
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Somebody else made it meanwhile.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    if (mode !== undefined) chmodSync(folder, mode);
  }
}

/** The same, as an error of the catalogue. @throws FOLDER_UNUSABLE */
export function requireFolder(path: string, options: { mode?: number } = {}): void {
  try {
    makeFolder(path, options);
  } catch (error) {
    throw new DartwingError(
      'FOLDER_UNUSABLE',
      { folder: path, message: (error as Error).message },
      { cause: error },
    );
  }
}

/**
 * Writes a complete file beside `file` that only its owner may read, to be renamed or linked into place.
 * @returns its path
 */
export function writePrivateDraft(file: string, text: string): string {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  // Whatever the umask.
  chmodSync(draft, 0o600);
  return draft;
}
