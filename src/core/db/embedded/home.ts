import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DartwingError } from '../../errors.js';
import { type Account, canReach, makeReachable, ownerOf, serverAccount } from './account.js';

/** Environment variables; only PATH is read here. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Where one embedded server lives and who runs it. Paths are absolute and free of symbolic links. */
export interface Home {
  /** The project's `.dartwing` folder. */
  data: string;
  /** The cluster. Its parent may belong to us, it belongs to the account. */
  directory: string;
  /** Whether the cluster is outside the project, because the account could not enter that. */
  moved: boolean;
  account: Account | undefined;
  password: string;
  log: string;
  lock: string;
  /** Parent of copied binaries. */
  copies: string;
}

/** What belongs to root alone and yet must be entered by the account of the server. */
const machineHome = '/var/lib/dartwing';

/** The home of the server of a `.dartwing` folder as it is now; writes nothing. The folder may not exist yet. */
export function findHome(data: string): Home {
  const real = existsSync(data) ? realpathSync(data) : data;
  const recorded = recordedLocation(real);
  const directory = recorded ?? join(real, 'pg');
  return {
    data: real,
    directory,
    moved: recorded !== undefined,
    account: serverAccount(directory),
    password: join(real, 'admin-password'),
    log: join(real, 'pg.log'),
    lock: join(real, 'pg.lock'),
    copies: process.getuid?.() === 0 ? join(machineHome, 'bin') : join(real, 'bin'),
  };
}

/**
 * The home with a place for a cluster, decided now if it was not before. Moves out of a project that the account
 * cannot enter, records that in `<data>/location` and says so. Hold the lock.
 */
export async function settleHome(data: string, say: (message: string) => void): Promise<Home> {
  const home = findHome(data);
  if (existsSync(home.directory)) return home;
  if (home.moved) {
    await makeReachable(join(home.directory, '..'));
    return home;
  }
  if (home.account === undefined || canReach(home.data, home.account)) return home;

  const place = freePlace(home.data);
  const directory = join(place, 'pg');
  await writeFile(join(home.data, 'location'), `${directory}\n`);
  await makeReachable(place);
  say(`The database is kept in ${directory}, because ${home.account.name} cannot enter ${home.data}`);
  return { ...home, directory, moved: true };
}

/**
 * Refuses a cluster that we or the account cannot use.
 *
 * @throws EMBEDDED_START_FAILED when it is another user's, or in a folder that its user can no longer enter.
 */
export function refuseForeign(home: Home): void {
  if (!existsSync(home.directory)) return;
  if (home.account !== undefined && !canReach(home.directory, home.account)) {
    throw startFailed(home, `The user ${home.account.name}, who runs it, cannot enter its folder`);
  }
  if (
    home.account === undefined &&
    process.getuid !== undefined &&
    ownerOf(home.directory) !== process.getuid()
  ) {
    throw startFailed(home, 'It belongs to another user of this machine');
  }
}

/** EMBEDDED_START_FAILED for a home; `why` is a sentence without its full stop. */
export function startFailed(
  home: Home,
  why: string,
  options: { cause?: unknown; fix?: readonly string[] } = {},
): DartwingError {
  return new DartwingError(
    'EMBEDDED_START_FAILED',
    { directory: home.directory, why, log: home.log },
    options,
  );
}

function recordedLocation(data: string): string | undefined {
  const file = join(data, 'location');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/**
 * A project folder that was deleted and made again has the same path, but its keys are new and cannot open what the
 * old one left. So that is never taken up again, nor deleted: it may be all that is left of somebody's data.
 */
function freePlace(data: string): string {
  const name = createHash('sha256').update(data).digest('hex').slice(0, 16);
  for (let nth = 1; ; nth++) {
    const place = join(machineHome, nth === 1 ? name : `${name}-${nth}`);
    if (!existsSync(place)) return place;
  }
}
