/**
 * Start of the command line against `node -e 0`: help and version, a verb, and a list from a running database, in
 * processor time and in time on the clock.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../src/core/package-root.js';
import { program, startUp, userEnv, withFolder } from './command.js';
import { compareAll, type Figure, printReport, progress, ratioFigure } from './measure.js';

const run = promisify(execFile);

const reached = join(packageRoot(), 'bench', 'reached.cjs');

/**
 * Each command with the largest ratio to `node -e 0` that the requirements allow it: until it ends, or until the code
 * of its verb is loaded.
 */
const commands: { words: string[]; until: 'end' | 'code'; atMost?: number }[] = [
  { words: ['--help'], until: 'end', atMost: 1.3 },
  { words: ['--version'], until: 'end', atMost: 1.3 },
  { words: ['help', 'org', 'create'], until: 'code', atMost: 1.6 },
  { words: ['explain', 'PLAN_STALE'], until: 'code', atMost: 1.6 },
  { words: ['config', 'get', 'port'], until: 'code', atMost: 1.6 },
  { words: ['org', 'list', '--json'], until: 'code', atMost: 1.6 },
  { words: ['help', 'org', 'create'], until: 'end' },
  { words: ['config', 'get', 'port'], until: 'end' },
  { words: ['org', 'list', '--json'], until: 'end', atMost: 4 },
];

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const figures = await withFolder(async (folder) => {
    progress('dartwing up, for the list');
    const up = await startUp(folder);
    try {
      const all: Figure[] = [];
      for (const command of commands) all.push(...(await measure(folder, command)));
      return all;
    } finally {
      await up.stop();
    }
  });
  const notes = [
    'cpu is user and system time of the process, clock the time until it ended.',
    'NODE_EXTRA_CA_CERTS is unset on both sides. `dartwing up` holds the database that is listed from.',
  ];
  printReport({ bench: 'start', figures, notes }, json);
}

async function measure(
  folder: string,
  { words, until, atMost }: (typeof commands)[number],
): Promise<Figure[]> {
  const what = `dartwing ${words.join(' ')}${until === 'code' ? ', to its code' : ''}`;
  progress(what);
  const before = until === 'code' ? ['-r', reached] : [];
  const { cpu, clock } = await compareAll(
    () => times(folder, [...before, '-e', '0']),
    () => times(folder, [...before, program, ...words]),
    { count: 30 },
  );
  return [ratioFigure(`${what}: cpu`, cpu, atMost), ratioFigure(`${what}: clock`, clock, atMost)];
}

/** What the shell's `time` says of a run of Node: a process has no way to ask it about one child. */
async function times(folder: string, args: string[]): Promise<{ cpu: number; clock: number }> {
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@" > /dev/null 2> errors || cat errors >&2';
  const { stderr } = await run('bash', ['-c', script, 'bash', process.execPath, ...args], {
    cwd: folder,
    env: userEnv(folder),
  });
  const [clock, user, system] = stderr.trim().split(' ').map(Number);
  const cpu = (user! + system!) * 1000;
  if (!Number.isFinite(cpu)) throw new Error(`${args.join(' ')}: ${stderr}`);
  return { cpu, clock: clock! * 1000 };
}
