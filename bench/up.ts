/** `dartwing up` in a fresh folder and again to its first line, and what it costs while nobody asks it anything. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { embeddedStatus } from '../src/core/db/embedded/index.js';
import { startUp, withFolder } from './command.js';
import { amountFigure, type Figure, median, printReport, progress } from './measure.js';

const rounds = 3;
const idleSeconds = 60;
/** Let what the start has left behind come to rest: a checkpoint, the first autovacuum. */
const settleSeconds = 20;

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const cold: number[] = [];
  const warm: number[] = [];
  const idle: Figure[] = [];
  for (let round = 1; round <= rounds; round++) {
    await withFolder(async (folder) => {
      progress(`round ${round} of ${rounds}`);
      const first = await startUp(folder);
      cold.push(first.readyMs / 1000);
      await first.stop();
      const second = await startUp(folder);
      warm.push(second.readyMs / 1000);
      if (round === rounds && process.platform === 'linux')
        idle.push(await idleFigure(folder, second.child.pid!));
      await second.stop();
    });
  }
  const figures = [
    amountFigure('up in a fresh folder, to the first line', median(cold), 's', { atMost: 5 }),
    amountFigure('up again, to the first line', median(warm), 's', { atMost: 1.5 }),
    ...idle,
  ];
  const notes = [
    `Medians of ${rounds}. Cold makes the cluster, the schema and the first organization.`,
    `Idle: processor time of dartwing, PostgreSQL and all their processes over ${idleSeconds} s; 100 % is one core.`,
  ];
  printReport({ bench: 'up', figures, notes }, json);
}

async function idleFigure(folder: string, pid: number): Promise<Figure> {
  progress('idle');
  await setTimeout(settleSeconds * 1000);
  const { pid: server } = await embeddedStatus(join(folder, '.dartwing'), process.env);
  const roots = server === undefined ? [pid] : [pid, server];
  const before = processorMs(roots);
  await setTimeout(idleSeconds * 1000);
  const used = processorMs(roots) - before;
  return amountFigure('idle, of a core', used / idleSeconds / 10, '%', { atMost: 0.5 });
}

/** Processor time of processes and their descendants, to the nanosecond as the scheduler counts it. */
function processorMs(roots: readonly number[]): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(Number(name)));
  }
  const isOurs = (pid: number): boolean =>
    roots.includes(pid) || (parents.has(pid) && isOurs(parents.get(pid)!));
  return [...parents.keys()].filter(isOurs).reduce((sum, pid) => sum + runtimeMs(pid), 0);
}

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function runtimeMs(pid: number): number {
  let sum = 0;
  for (const thread of threadsOf(pid))
    sum += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1e6;
  return sum;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Empty when the process has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
