import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { limits } from '../../limits.js';
import { spawnAs } from './account.js';
import { type Binaries, program } from './binaries.js';
import { serverEnv } from './cluster.js';
import { type Env, type Home, startFailed } from './home.js';
import { pauses } from './pauses.js';
import { endOrphans, livingPostmaster, type Postmaster, removeMisleadingPidFile } from './postmaster.js';

/**
 * Starts the server of a home and waits until it accepts connections. It outlives this process and its terminal.
 * Hold the lock.
 *
 * @throws EMBEDDED_START_FAILED with the server's own last words.
 */
export async function startServer(
  home: Home,
  binaries: Binaries,
  env: Env,
  durable: boolean,
): Promise<Postmaster> {
  let port = await freePort(lastPort(home.directory));
  let words = '';
  for await (const _ of pauses(limits.embeddedLeftoverMs, { firstMs: 50, longestMs: 500 })) {
    await removeMisleadingPidFile(home.directory);
    const outcome = await launch(home, binaries, env, settings(home, port, durable));
    if (typeof outcome !== 'string') return outcome;
    words = outcome;
    if (/Address already in use|could not bind/.test(words)) port = await freePort();
    else if (isLeftover(words)) endOrphans(home.directory);
    else break;
  }
  throw startFailed(home, lastWords(words));
}

function settings(home: Home, port: number, durable: boolean): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    port,
    // A socket's path may have 107 bytes, a project's folder is often longer.
    unix_socket_directories: '',
    max_connections: limits.embeddedConnectionsMax,
    shared_buffers: '64MB',
    max_wal_size: '512MB',
    jit: 'off',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return [
    '-D',
    home.directory,
    ...Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** Ends with the ready server, or with what a server that gave up has said. */
async function launch(
  home: Home,
  binaries: Binaries,
  env: Env,
  args: string[],
): Promise<Postmaster | string> {
  setLogAside(home.log);
  // We open the log and the server inherits it: its account needs no right in our folder.
  const log = openSync(home.log, 'a', 0o600);
  const begin = fstatSync(log).size;
  try {
    const server = spawn(program(binaries.bin, 'postgres'), args, {
      ...spawnAs(home.account),
      env: serverEnv(env),
      detached: true,
      stdio: ['ignore', log, log],
    });
    server.unref();
    return (await ready(server, home)) ?? readFileSync(home.log).subarray(begin).toString();
  } finally {
    closeSync(log);
  }
}

/** The server once it is ready; undefined when it ended before. */
async function ready(server: ChildProcess, home: Home): Promise<Postmaster | undefined> {
  let gone: Error | true | undefined;
  server.once('error', (error) => {
    gone = error;
  });
  server.once('exit', () => {
    gone ??= true;
  });
  for await (const _ of pauses(limits.embeddedStartMs, { longestMs: 20 })) {
    if (gone instanceof Error) throw startFailed(home, gone.message, { cause: gone });
    if (gone) return undefined;
    const found = livingPostmaster(home.directory);
    if (found?.pid === server.pid && found?.status === 'ready') return found;
  }
  throw startFailed(
    home,
    `It was not ready after ${limits.embeddedStartMs / 1000} seconds; it may still recover`,
  );
}

/** Backends of a killed server, or its remains, that are about to go. */
function isLeftover(words: string): boolean {
  return /pre-existing shared memory block|lock file "postmaster.pid" already exists/.test(words);
}

function lastWords(words: string): string {
  const fatal = words.split('\n').findLast((line) => /FATAL|PANIC|error/i.test(line));
  return (
    (fatal ?? words.trim().split('\n').at(-1) ?? '').replace(/^.*?(FATAL|PANIC): +/, '') || 'It said nothing'
  );
}

/** The port of the last start: clients that have it in their settings find the server again. */
function lastPort(directory: string): number | undefined {
  const file = join(directory, 'postmaster.opts');
  if (!existsSync(file)) return undefined;
  return Number(/"port=(\d+)"/.exec(readFileSync(file, 'utf8'))?.[1]) || undefined;
}

function freePort(wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => (wanted === 0 ? reject(error) : resolve(freePort())));
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : wanted));
    });
  });
}

function setLogAside(log: string): void {
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (size > limits.embeddedLogBytesMax) renameSync(log, `${log}.1`);
}
