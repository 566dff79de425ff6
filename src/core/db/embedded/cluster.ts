import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { spawnAs } from './account.js';
import { type Binaries, program } from './binaries.js';
import { type Env, type Home, startFailed } from './home.js';

/** Major version of the cluster in a folder, undefined when there is none. */
export function clusterMajor(directory: string): number | undefined {
  const file = join(directory, 'PG_VERSION');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined;
}

/**
 * Makes a cluster for the home. It gets its name when it is whole, so a kill in the middle leaves only a folder that
 * `removeUnfinished` removes. Not durable: nothing is flushed to disk. Hold the lock.
 */
export async function createCluster(
  home: Home,
  binaries: Binaries,
  env: Env,
  durable: boolean,
): Promise<void> {
  const unfinished = `${home.directory}.new-${randomBytes(4).toString('hex')}`;
  const passwordFile = join(unfinished, 'password');
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, `${await makePassword(home)}\n`, { mode: 0o600 });
  if (home.account !== undefined) {
    await chown(passwordFile, home.account.uid, home.account.gid);
    await chown(unfinished, home.account.uid, home.account.gid);
  }
  const cluster = join(unfinished, 'cluster');
  const options = ['-D', cluster, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  options.push('-E', 'UTF8', '--locale=C.UTF-8', '--no-instructions', ...(durable ? [] : ['--no-sync']));
  try {
    await promisify(execFile)(program(binaries.bin, 'initdb'), options, {
      ...spawnAs(home.account),
      env: serverEnv(env),
    });
    await rename(cluster, home.directory);
  } catch (error) {
    const said = lastLine(error);
    // PostgreSQL asks the system for the name of its user; containers often run under a number without one.
    const fix = said.includes('could not look up effective user ID')
      ? { fix: ['Run as a user that /etc/passwd names, or add this one to it', 'Or set DATABASE_URL'] }
      : {};
    throw startFailed(home, `initdb failed: ${said}`, { cause: error, ...fix });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Removes what killed processes left of clusters they were making. Hold the lock. */
export async function removeUnfinished(home: Home): Promise<void> {
  const parent = dirname(home.directory);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(home.directory)}.new-`)) continue;
    await rm(join(parent, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The administrator's password, from `<data>/admin-password`; undefined when we have none or may not read it. */
export function readPassword(home: Home): string | undefined {
  try {
    return readFileSync(home.password, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Environment of the server's programs: nothing of ours but PATH, so that no PG* variable of a shell reaches them. */
export function serverEnv(env: Env): NodeJS.ProcessEnv {
  return { PATH: env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}

/** Written whole and before the cluster has its name: a cluster is never without the password that opens it. */
async function makePassword(home: Home): Promise<string> {
  const password = randomBytes(24).toString('base64url');
  const unfinished = `${home.password}.new`;
  await rm(unfinished, { force: true });
  await writeFile(unfinished, `${password}\n`, { mode: 0o600, flag: 'wx' });
  await rename(unfinished, home.password);
  return password;
}

function lastLine(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return said.split('\n').at(-1) || String(error);
}
