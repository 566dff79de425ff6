import { userInfo } from 'node:os';
import { findBinaries } from './binaries.js';
import { clusterMajor, readPassword } from './cluster.js';
import { addressOf, askServer, serves } from './hold.js';
import { type Env, findHome } from './home.js';
import { livingPostmaster } from './postmaster.js';

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

/** Address of the running server of a project; undefined when none runs or it is not ours to use. Starts nothing. */
export async function findEmbedded(data: string): Promise<string | undefined> {
  const url = await presumedAddress(data);
  if (url === undefined) return undefined;
  const facts = await askServer(url).catch(() => undefined);
  return facts !== undefined && serves(facts, findHome(data).directory) ? url : undefined;
}

/**
 * Address of the running server as its files tell it, without asking whether it answers. For a caller who knows that
 * somebody else keeps the server up; undefined when none seems to run.
 */
export async function presumedAddress(data: string): Promise<string | undefined> {
  const home = findHome(data);
  const server = livingPostmaster(home.directory);
  const password = readPassword(home);
  if (server?.status !== 'ready' || password === undefined) return undefined;
  return addressOf(server.port, password);
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

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may be a bare number.
    return String(process.getuid?.());
  }
}
