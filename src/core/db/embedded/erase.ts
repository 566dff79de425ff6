import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { DartwingError } from '../../errors.js';
import { limits } from '../../limits.js';
import { readPassword, removeUnfinished } from './cluster.js';
import { addressOf, isUnused } from './hold.js';
import { findHome, refuseForeign, startFailed } from './home.js';
import { withLock } from './lock.js';
import { settledPostmaster, stopServer } from './postmaster.js';

/**
 * Deletes the cluster of a project for good, and stops its server first. What else lies in the folder stays, its keys
 * included. The cluster loses its name in one step: killed in between, all of it is there, or nothing that counts.
 * @param data absolute path of the project's `.dartwing` folder
 * @throws EMBEDDED_IN_USE when another process works on it, EMBEDDED_START_FAILED when it is not ours
 */
export async function eraseEmbedded(data: string): Promise<void> {
  if (!existsSync(data)) return;
  const home = findHome(data);
  refuseForeign(home);
  const inUse = () => new DartwingError('EMBEDDED_IN_USE', { directory: home.directory });
  const turn = await withLock(home.lock, async () => {
    const server = await settledPostmaster(home.directory, limits.embeddedStartMs);
    if (server !== undefined) {
      const password = readPassword(home);
      if (password !== undefined && !(await isUnused(addressOf(server.port, password)))) throw inUse();
      if (!(await stopServer(home))) throw startFailed(home, 'Its server does not stop');
    }
    if (!existsSync(home.directory)) return;
    await rename(home.directory, `${home.directory}.new-${randomBytes(4).toString('hex')}`);
    await removeUnfinished(home);
  });
  if ('holder' in turn) throw inUse();
}
