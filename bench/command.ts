/** Runs bin/dartwing as a user would, in folders of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { packageRoot } from '../src/core/package-root.js';

/** The command as it is installed; run `npm run build` before. */
export const program = join(packageRoot(), 'bin', 'dartwing');

/** A user's environment: without a project's database and without what slows every start of Node down. */
export function userEnv(folder: string): NodeJS.ProcessEnv {
  const {
    NODE_EXTRA_CA_CERTS: _certificates,
    DATABASE_URL: _url,
    NODE_OPTIONS: _options,
    ...env
  } = process.env;
  return { ...env, HOME: folder, NO_COLOR: '1' };
}

/** Runs `work` with a new folder, which is removed afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'dartwing-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A running `dartwing up`. */
export interface RunningUp {
  child: ChildProcess;
  /** From its start to its first line, in milliseconds. */
  readyMs: number;
  /** Ends it as Ctrl-C does, and waits. */
  stop(): Promise<void>;
}

/** Starts `dartwing up --json` and waits for its first line. */
export async function startUp(folder: string): Promise<RunningUp> {
  const started = performance.now();
  const child = spawn(process.execPath, [program, 'up', '--json'], {
    cwd: folder,
    env: userEnv(folder),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words += chunk;
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = await Promise.race([
    new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    ended,
  ]);
  const readyMs = performance.now() - started;
  if (typeof line !== 'string') throw new Error(`dartwing up ended with ${child.exitCode}: ${words}`);
  return {
    child,
    readyMs,
    stop: async () => {
      child.kill('SIGINT');
      await ended;
    },
  };
}
