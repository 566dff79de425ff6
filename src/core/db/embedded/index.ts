/**
 * The embedded PostgreSQL: a real server for projects that have none, kept in the project's `.dartwing` folder.
 *
 * Processes share it without knowing of each other. The first one starts it, each holds it while it works, and the
 * last one out stops it. A process that is killed leaves at most a running server, which the next one takes over.
 *
 *     const server = await openEmbedded({ data: '/srv/shop/.dartwing', env: process.env });
 *     try { await work(server.url) } finally { await server.close() }
 *
 * Limits: `embedded…` in limits.ts. Nothing here is written to the audit trail.
 */
import { realpath } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { DartwingError, isDartwingError } from '../../errors.js';
import { limits } from '../../limits.js';
import { makeReachable } from './account.js';
import { type Binaries, findBinaries } from './binaries.js';
import { clusterMajor, createCluster, readPassword, removeUnfinished } from './cluster.js';
import { askServer, type Hold, holdServer, isUnused } from './hold.js';
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

/** What `dartwing doctor` tells. */
export interface EmbeddedStatus {
  /** Version of the server programs that would be used. */
  installed: string | undefined;
  binaries: string | undefined;
  directory: string;
  running: boolean;
  pid: number | undefined;
  port: number | undefined;
  /** OS user that runs the server. */
  as: string;
  /** Whether the data are outside of the project. */
  moved: boolean;
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
    throw startFailed(home, `Process ${turn.holder} has been starting or stopping it for too long`);
  } catch (error) {
    throw isDartwingError(error) ? error : startFailed(home, describe(error), error);
  }
}

/** Address of the running server of a project; undefined when none runs or it is not ours to use. Starts nothing. */
export async function findEmbedded(data: string): Promise<string | undefined> {
  const home = findHome(data);
  const server = livingPostmaster(home.directory);
  const password = await readPassword(home);
  if (server?.status !== 'ready' || password === undefined) return undefined;
  const url = addressOf(server, password);
  const facts = await askServer(url).catch(() => undefined);
  return facts !== undefined && (await isSame(facts.directory, home.directory)) ? url : undefined;
}

/** What is known about the server of a project without starting or changing anything. */
export function embeddedStatus(data: string, env: Env): EmbeddedStatus {
  const home = findHome(data);
  const server = livingPostmaster(home.directory);
  const binaries = findBinaries(env, clusterMajor(home.directory));
  return {
    installed: binaries?.version,
    binaries: binaries?.bin,
    directory: home.directory,
    running: server !== undefined,
    pid: server?.pid,
    port: server?.port,
    as: home.account?.name ?? ownName(),
    moved: home.moved,
  };
}

async function open(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { data, log = () => {} } = options;
  const home = await settleHome(data, log);
  const running = await settledPostmaster(home.directory, limits.embeddedStartMs);
  const server = running ?? (await start(home, options));
  const password = await readPassword(home);
  if (password === undefined) throw startFailed(home, `${home.password} is missing or cannot be read`);
  const url = addressOf(server, password);
  const hold = await holdServer(url);
  if (!(await isSame(hold.facts.directory, home.directory))) {
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
        log(`The database server keeps running: ${error}`),
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
    throw startFailed(
      home,
      `Its data need the server programs of PostgreSQL ${major}, which are not installed`,
    );
  }
  const why = `Neither an npm package for ${process.platform}-${process.arch} nor programs of the system are installed`;
  throw new DartwingError('EMBEDDED_UNAVAILABLE', { why });
}

async function leave(home: Home, url: string, hold: Hold, keep: boolean): Promise<void> {
  try {
    const turn = await withLock(home.lock, async () => {
      await hold.release();
      if (keep || livingPostmaster(home.directory) === undefined || !(await isUnused(url))) return;
      if (!(await stopServer(home)))
        throw new Error(`not stopped after ${limits.embeddedStopMs / 1000} seconds`);
    });
    if ('holder' in turn)
      throw new Error(`process ${turn.holder} has been starting or stopping it for too long`);
  } finally {
    await hold.release();
  }
}

function addressOf(server: Postmaster, password: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${server.port}/dartwing`;
}

async function isSame(a: string, b: string): Promise<boolean> {
  return a === b || (await realpath(a).catch(() => a)) === (await realpath(b).catch(() => b));
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may be a bare number.
    return String(process.getuid?.());
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
