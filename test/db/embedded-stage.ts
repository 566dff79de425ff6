/** Folders, processes and kills for the tests of the embedded server; everything is gone after each test. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeAll } from 'vitest';
import type { Account } from '../../src/core/db/embedded/account.js';
import { findHome } from '../../src/core/db/embedded/home.js';
import { type EmbeddedServer, type EmbeddedStep, openEmbedded } from '../../src/core/db/embedded/index.js';
import { livingPostmaster } from '../../src/core/db/embedded/postmaster.js';
import { birthOf } from '../../src/core/db/embedded/processes.js';
import { atEnd } from '../support/ending.js';
import type { Order } from './embedded-child.js';

export const isRoot = process.getuid?.() === 0;

type Opened = Omit<EmbeddedServer, 'close'> & { messages: string[] };

let bundle = '';
const folders: string[] = [];
const children: ChildProcess[] = [];

/** Registers what every file with children needs; call it once at the top. */
export function useStage(): void {
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dartwing-child-'));
    atEnd(() => rmSync(folder, { recursive: true }));
    bundle = join(folder, 'child.cjs');
    chmodSync(folder, 0o755);
    const source = fileURLToPath(new URL('./embedded-child.ts', import.meta.url));
    // As in the shipped command line: one CommonJS file, with `import.meta.url` put in by the bundler.
    const define = { 'import.meta.url': JSON.stringify(pathToFileURL(source).href) };
    const external = ['pg-native'];
    await build({ entryPoints: [source], outfile: bundle, bundle: true, platform: 'node', define, external });
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const folder of folders.splice(0)) await clear(folder);
  });
}

/** A new folder that every user can pass. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-embedded-'));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** Path of a `.dartwing` folder that does not exist yet. */
export function newData(): string {
  return join(newFolder(), '.dartwing');
}

let made: Promise<string> | undefined;

/** The same with a cluster in it, as a former start left it: making one takes longest, and few tests are about that. */
export async function madeData(): Promise<string> {
  made ??= makeOnce();
  const data = newData();
  execFileSync('cp', ['-a', await made, data]);
  return data;
}

async function makeOnce(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-made-'));
  chmodSync(folder, 0o755);
  atEnd(() => {
    made = undefined;
    rmSync(folder, { recursive: true });
  });
  const data = join(folder, '.dartwing');
  await (await openEmbedded({ data, durable: false, env: process.env })).close();
  return data;
}

/** Another process, which opens the server of `data` when it is told to. */
export class User {
  readonly #child: ChildProcess;

  constructor(as?: Account) {
    const ids = as === undefined ? {} : { uid: as.uid, gid: as.gid };
    this.#child = fork(bundle, { ...ids, cwd: '/', execArgv: [] });
    children.push(this.#child);
  }

  open(data: string, durable = false): Promise<Opened> {
    return this.#order({ verb: 'open', data, durable });
  }

  query(sql: string): Promise<Record<string, unknown>[]> {
    return this.#order({ verb: 'query', sql });
  }

  close(): Promise<void> {
    return this.#order({ verb: 'close' });
  }

  /** Leaves the process with nothing to do but hold the server. */
  async forget(): Promise<void> {
    await this.#order({ verb: 'forget' });
  }

  /** Resolves when the process opens the server and has come to the step. */
  step(step: EmbeddedStep): Promise<void> {
    return new Promise((resolve) => {
      this.#child.on('message', (said: { step?: EmbeddedStep }) => said.step === step && resolve());
    });
  }

  kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    return this.exit().then(() => {});
  }

  exit(): Promise<number | null> {
    if (this.#child.exitCode !== null) return Promise.resolve(this.#child.exitCode);
    return new Promise((resolve) => this.#child.once('exit', resolve));
  }

  #order<T>(order: Order): Promise<T> {
    return new Promise((resolve, reject) => {
      const hear = (said: { answer?: T; error?: object; step?: string }): void => {
        if (said.step !== undefined) return;
        this.#child.off('message', hear);
        if (said.error === undefined) resolve(said.answer as T);
        else reject(Object.assign(new Error(), said.error));
      };
      this.#child.on('message', hear);
      this.#child.send(order);
    });
  }
}

/** Pids of a server and of all its backends. */
export function serverTree(pid: number): number[] {
  const all = readdirSync('/proc').map(Number).filter(Boolean);
  return [pid, ...all.filter((other) => parentOf(other) === pid)];
}

/** Kills processes that may be ending by themselves: backends follow their postmaster. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids)
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
}

/** Resolves when a process has ended, within ten seconds. */
export async function gone(pid: number): Promise<boolean> {
  for (let look = 0; look < 500 && birthOf(pid) !== undefined; look++) await setTimeout(20);
  return birthOf(pid) === undefined;
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').at(-1)!.trim().split(' ')[1]);
  } catch {
    return undefined;
  }
}

async function clear(folder: string): Promise<void> {
  const data = join(folder, '.dartwing');
  const home = existsSync(data) ? findHome(data) : undefined;
  const server = home && livingPostmaster(home.directory);
  if (server !== undefined) {
    process.kill(server.pid, 'SIGQUIT');
    await gone(server.pid);
  }
  if (home?.moved) rmSync(dirname(home.directory), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
