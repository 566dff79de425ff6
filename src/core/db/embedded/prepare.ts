import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Account, canReach, makeReachable } from './account.js';
import { type Binaries, program } from './binaries.js';
import { birthOf } from './processes.js';

/**
 * Makes found binaries usable by the account (or by us, without one) and says where they are then: in place when
 * the account can reach them and no link is missing that we cannot add, else copied once below `copies`.
 */
export async function prepareBinaries(
  found: Binaries,
  account: Account | undefined,
  copies: string,
): Promise<Binaries> {
  if (found.origin === 'system') return found;
  const native = dirname(found.bin);
  const reached = account === undefined || isReachable(native, account);
  if (reached && (await addLinks(native))) return found;
  const copy = join(copies, found.version);
  if (!existsSync(copy)) await copyWhole(native, copy);
  return { ...found, bin: join(copy, 'bin') };
}

/** Whether the binaries have yet to be copied, which takes about a second. */
export function needsCopy(found: Binaries, account: Account | undefined, copies: string): boolean {
  if (found.origin === 'system' || account === undefined) return false;
  return !isReachable(dirname(found.bin), account) && !existsSync(join(copies, found.version));
}

function isReachable(native: string, account: Account): boolean {
  const needed = [program(join(native, 'bin'), 'postgres'), join(native, 'lib'), join(native, 'share')];
  return needed.every((path) => canReach(path, account));
}

/**
 * Adds the symbolic links that npm leaves out of packages (the package's own install script would add them, where
 * scripts are allowed). Returns false when one is missing in a folder that we may not write.
 */
async function addLinks(native: string): Promise<boolean> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    // The list is relative to the package; a copy has no package around it.
    const link = join(native, target.replace(/^native\//, ''));
    if (existsSync(link)) continue;
    try {
      await symlink(basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
  }
  return true;
}

/** Copies to a name of our own first: a copy that has its name is whole. */
async function copyWhole(native: string, copy: string): Promise<void> {
  const parent = dirname(copy);
  await makeReachable(parent);
  await removeUnfinished(parent);
  const unfinished = join(
    parent,
    `unfinished.${process.pid}.${birthOf(process.pid)}.${randomBytes(4).toString('hex')}`,
  );
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
  await openToAll(unfinished);
  await addLinks(unfinished);
  try {
    await rename(unfinished, copy);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
}

async function removeUnfinished(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [word, pid, birth] = name.split('.');
    if (word !== 'unfinished' || birthOf(Number(pid)) === birth) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** A strict umask at install time would otherwise be copied along. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const { mode } = await stat(path);
    await chmod(path, mode & 0o100 ? 0o755 : 0o644);
  }
}
