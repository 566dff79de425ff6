/** Runs the real program, bin/dartwing, as a child process. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const program = fileURLToPath(new URL('../../bin/dartwing', import.meta.url));

export interface RunOptions {
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Text on stdin; without it stdin is empty and closed. */
  input?: string;
  /** The input is typed only when this text has appeared on stdout. */
  inputAfter?: string;
  /** Typed before the input, each when its text has appeared since the last was typed. */
  typing?: readonly { after: string; keys: string }[];
  /** On a pseudo terminal; then stderr arrives in stdout. */
  tty?: boolean;
  /** Width of that terminal. */
  columns?: number;
  /** Words for node itself, before the program. */
  node?: readonly string[];
}

export interface RunResult {
  stdout: string;
  stderr: string;
  code: number | null;
}

const hangMs = 20_000;

/** Nothing of the developer's environment but the path, so that a run is the same everywhere. */
const environment = {
  PATH: process.env.PATH ?? '',
  HOME: join(tmpdir(), 'dartwing-no-home'),
  LANG: 'C.UTF-8',
  TZ: 'UTC',
};

/** Runs a line and collects what it says. Fails when it hangs. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const words = [process.execPath, ...(options.node ?? []), program, ...args];
  const line = `stty cols ${options.columns ?? 80} rows 24; ${words.map(quoted).join(' ')}`;
  const [command, ...rest] = options.tty ? ['script', '-qec', line, '/dev/null'] : words;
  const child = spawn(command!, rest, {
    cwd: options.cwd ?? tmpdir(),
    env: { ...environment, ...(options.tty ? { TERM: 'xterm' } : {}), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let typed = false;
  const type = (): void => {
    typed = true;
    child.stdin.end(options.input ?? '');
  };
  const typing = [...(options.typing ?? [])];
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const [next] = typing;
    if (next !== undefined) {
      if (!stdout.slice(seen).includes(next.after)) return;
      seen = stdout.length;
      child.stdin.write(next.keys);
      typing.shift();
    } else if (!typed && options.inputAfter !== undefined && stdout.slice(seen).includes(options.inputAfter))
      type();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  if (options.inputAfter === undefined) type();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`dartwing ${args.join(' ')} hangs; it said: ${stdout}${stderr}`));
    }, hangMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, code });
    });
  });
}

/** Whether a program is on the path of this machine. */
export function installed(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

/** Runs a line of bash in which `dartwing` is the program, also for the shells that the line starts. */
export function runShell(line: string, options: RunOptions = {}): Promise<RunResult> {
  const env: Readonly<Record<string, string>> = { ...environment, ...options.env };
  const child = spawn('bash', ['-c', line], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...env, PATH: `${dirname(program)}:${dirname(process.execPath)}:${env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ stdout, stderr, code }));
  });
}

/** A folder of the calling test, removed after it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The error event, the last line of stderr in machine modes. */
export function errorEvent(stderr: string): { code: string; exit: number; message: string; fix: string[] } {
  const event = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as {
    type: string;
    error: ReturnType<typeof errorEvent>;
  };
  if (event.type !== 'error') throw new Error(`no error event: ${stderr}`);
  return event.error;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The words of the last `dartwing …` of an example, as a shell would give them. */
export function exampleWords(example: string): string[] {
  const line = example.slice(example.lastIndexOf('dartwing ') + 'dartwing '.length).replace(/\s[|<>].*$/, '');
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
}
