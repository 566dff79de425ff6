import { DartwingError, isDartwingError } from '../../errors.js';
import { limits } from '../../limits.js';
import { makeReachable } from './account.js';
import { type Binaries, findBinaries } from './binaries.js';
import { clusterMajor, createCluster, readPassword, removeUnfinished } from './cluster.js';
import { addressOf, type Hold, holdServer, isUnused, serves } from './hold.js';
import { type Env, findHome, type Home, refuseForeign, settleHome, startFailed } from './home.js';
import { withLock } from './lock.js';
import { livingPostmaster, type Postmaster, settledPostmaster, stopServer } from './postmaster.js';
import { needsCopy, prepareBinaries } from './prepare.js';
import { startServer } from './start.js';

/** What `openEmbedded` is about to do; each may take a second or more. */
export type EmbeddedStep = 'copy' | 'create' | 'start';

export interface EmbeddedOptions {
  /** Absolute path of the project's `.dartwing` folder; made when missing. */
  data: string;
  env: Env;
  /** False gives up safety against power cuts for speed; for tests only. Counts when the server is started here. */
  durable?: boolean;
  /** Sentences for the user's eyes or the log; never the password. */
  log?: (message: string) => void;
  onProgress?: (step: EmbeddedStep) => void;
}

/** A running server, held until `close`. */
export interface EmbeddedServer {
  /** Administrator's address of the database `dartwing`, with its password. */
  url: string;
  directory: string;
  pid: number;
  port: number;
  /** Whether this call started it; false when it ran already. */
  started: boolean;
  /** Of the server, for example `18.4`. */
  version: string;
  /**
   * Lets go, and stops the server when nobody else is connected. Close your own connections first. `keep` leaves
   * it running for the next one. May be called again; never throws.
   */
  close(options?: { keep?: boolean }): Promise<void>;
}

/**
 * Finds the running server of a project or starts one, creating the cluster and the database `dartwing` the first time.
 *
 * @throws EMBEDDED_UNAVAILABLE without server programs, EMBEDDED_START_FAILED with the reason otherwise.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  await makeReachable(options.data);
  const home = findHome(options.data);
  refuseForeign(home);
  try {
    const turn = await withLock(home.lock, () => open(options));
    if ('result' in turn) return turn.result;
    throw startFailed(home, tooLong(turn.holder));
  } catch (error) {
    throw isDartwingError(error) ? error : startFailed(home, describe(error), { cause: error });
  }
}

async function open(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { data, log = () => {} } = options;
  const home = await settleHome(data, log);
  const running = await settledPostmaster(home.directory, limits.embeddedStartMs);
  const server = running ?? (await start(home, options));
  const password = readPassword(home);
  if (password === undefined) throw startFailed(home, `${home.password} is missing or cannot be read`);
  const url = addressOf(server.port, password);
  const hold = await holdServer(url);
  if (!serves(hold.facts, home.directory)) {
    await hold.release();
    throw startFailed(home, `Port ${server.port} answers for ${hold.facts.directory}`);
  }
  let closed: Promise<void> | undefined;
  return {
    url,
    directory: home.directory,
    pid: server.pid,
    port: server.port,
    started: running === undefined,
    version: hold.facts.version,
    close: ({ keep = false } = {}) => {
      closed ??= leave(home, url, hold, keep).catch((error: unknown) =>
        log(`The database server keeps running: ${describe(error)}`),
      );
      return closed;
    },
  };
}

async function start(home: Home, options: EmbeddedOptions): Promise<Postmaster> {
  const { env, durable = true, onProgress = () => {} } = options;
  const major = clusterMajor(home.directory);
  const found = chooseBinaries(home, env, major);
  if (needsCopy(found, home.account, home.copies)) onProgress('copy');
  const binaries = await prepareBinaries(found, home.account, home.copies);
  await removeUnfinished(home);
  if (major === undefined) {
    onProgress('create');
    await createCluster(home, binaries, env, durable);
  }
  onProgress('start');
  return startServer(home, binaries, env, durable);
}

function chooseBinaries(home: Home, env: Env, major: number | undefined): Binaries {
  const found = findBinaries(env, major);
  if (found !== undefined) return found;
  if (major !== undefined && findBinaries(env) !== undefined) {
    throw startFailed(home, `Its data need PostgreSQL ${major}, whose programs are not installed`);
  }
  const why = `Neither an npm package for ${process.platform}-${process.arch} nor programs of the system are installed`;
  throw new DartwingError('EMBEDDED_UNAVAILABLE', { why });
}

async function leave(home: Home, url: string, hold: Hold, keep: boolean): Promise<void> {
  try {
    const turn = await withLock(home.lock, async () => {
      await hold.release();
      if (keep || livingPostmaster(home.directory) === undefined || !(await isUnused(url))) return;
      if (!(await stopServer(home))) throw new Error('it does not stop');
    });
    if ('holder' in turn) throw new Error(tooLong(turn.holder));
  } finally {
    await hold.release();
  }
}

function tooLong(pid: number): string {
  return `process ${pid} has been starting or stopping it for too long`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
