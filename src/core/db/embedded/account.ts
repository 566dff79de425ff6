import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { requireFolder } from '../../folders.js';

/** The OS user that runs the server when we are root, which PostgreSQL refuses to be. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/**
 * The account for a server with its cluster in `directory`: the owner of a cluster that exists, else `postgres`,
 * else `nobody`. Undefined when we are not root: then the server runs as we do.
 */
export function serverAccount(directory: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n').map(parse);
  const owner = ownerOf(directory);
  return (
    accounts.find((account) => owner !== 0 && account.uid === owner) ??
    accounts.find((account) => account.name === 'postgres') ??
    accounts.find((account) => account.name === 'nobody')
  );
}

/** Numeric owner of a path, undefined when there is none. */
export function ownerOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.uid;
}

/** Whether an account may pass through every folder down to `path` and enter or execute `path` itself. */
export function canReach(path: string, account: Account): boolean {
  for (let at = realpathSync(path); ; at = dirname(at)) {
    const { mode, uid, gid } = statSync(at);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** Makes a folder and what is missing above it, so that every account can pass, whatever the umask. */
export async function makeReachable(path: string): Promise<void> {
  requireFolder(path, { mode: 0o755 });
}

/** What `spawn` needs to run a program as the account. */
export function spawnAs(account: Account | undefined): { uid?: number; gid?: number; cwd: string } {
  // The account may not be able to enter our working directory, so every server program starts in the root folder.
  return account === undefined ? { cwd: '/' } : { cwd: '/', uid: account.uid, gid: account.gid };
}

function parse(line: string): Account {
  const [name = '', , uid, gid] = line.split(':');
  return { name, uid: Number(uid), gid: Number(gid) };
}
