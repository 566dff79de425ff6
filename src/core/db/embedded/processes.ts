import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';

/**
 * A word (letters and digits) that tells a process from a later one with the same pid, made of its start time.
 * Undefined when there is no such process, or only its remains that nobody has collected yet.
 */
export function birthOf(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxBirth(pid);
  if (process.platform === 'win32') return exists(pid) ? 'running' : undefined;
  const [state, ...started] = ps(pid, '-o', 'stat=', '-o', 'lstart=').split(/\s+/);
  return !state || state.startsWith('Z') ? undefined : started.join('').replaceAll(/\W/g, '');
}

/** The command line of a process, arguments separated by spaces; empty when it cannot be read. */
export function commandOf(pid: number): string {
  if (process.platform !== 'linux') return process.platform === 'win32' ? '' : ps(pid, '-o', 'command=');
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Whether the pid is taken, be it by the remains of a process or by one of another user. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Living processes that work in a folder, with their parents. Linux only; elsewhere none are found. */
export function processesIn(folder: string): { pid: number; parent: number }[] {
  if (process.platform !== 'linux') return [];
  const { dev, ino } = statSync(folder);
  const pids = readdirSync('/proc').map(Number).filter(Boolean);
  return pids
    .filter((pid) => {
      // Not to be seen means ended meanwhile, or another user's.
      const at = statOrNothing(`/proc/${pid}/cwd`);
      return at?.dev === dev && at.ino === ino;
    })
    .map((pid) => ({ pid, parent: Number(linuxStat(pid)[1]) }));
}

function linuxBirth(pid: number): string | undefined {
  const fields = linuxStat(pid);
  const state = fields[0]!;
  return state === '' || state === 'Z' || state === 'X' ? undefined : fields[19];
}

/** Fields of proc(5) `stat` from the third, the state, on. */
function linuxStat(pid: number): string[] {
  // The name in parentheses may hold anything, spaces and parentheses too; what counts comes after the last one.
  return read(`/proc/${pid}/stat`).split(')').at(-1)!.trim().split(' ');
}

function statOrNothing(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function ps(pid: number, ...columns: string[]): string {
  try {
    return execFileSync('ps', ['-p', String(pid), ...columns], {
      encoding: 'utf8',
      env: { LC_ALL: 'C' },
    }).trim();
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
