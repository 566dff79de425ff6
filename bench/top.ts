/**
 * Top: memory and processor of `dartwing top` while the installation is busy, and whether every end leaves the screen as it
 * was. Wants tmux and Linux. `--minutes 10` watches for so long, a minute unless told.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createDartwing, type Dartwing, systemClock } from '../src/core/index.js';
import { packageRoot } from '../src/core/package-root.js';
import { amountFigure, type Figure, median, printReport, progress } from './measure.js';
import { withDatabase, withServer } from './server.js';

/** What the kernel counts processor time in, and memory. */
const ticksPerSecond = 100;
const pageBytes = 4_096;
const lookMs = 5_000;

/** Prints the report. */
export async function bench({ json, words }: { json: boolean; words: readonly string[] }): Promise<void> {
  const minutes = words.includes('--minutes') ? Number(words[words.indexOf('--minutes') + 1]) : 1;
  if (!(minutes > 0 && minutes <= 600)) throw new Error('--minutes is a number of minutes');
  if (spawnSync('tmux', ['-V']).status !== 0) throw new Error('this benchmark wants tmux');
  const figures = await withServer(false, (server) =>
    withDatabase(server, 'top', async (options) => {
      const dartwing = await createDartwing({ ...options, clock: systemClock });
      const load = await startLoad(dartwing);
      const env = {
        DATABASE_URL: options.url!,
        DARTWING_MASTER_KEY: String(options.masterKey),
        DARTWING_ROLE_PREFIX: options.rolePrefix!,
      };
      try {
        return [...(await watched(env, minutes)), ...(await endings(env)), load.figure()];
      } finally {
        await load.stop();
        await dartwing.close();
      }
    }),
  );
  const notes = [`${minutes} minutes, a look every two seconds, a terminal of 80 columns and 24 rows`];
  printReport({ bench: 'top', figures, notes }, json);
}

/** Jobs all the time, in lines that grow and shrink, and documents. */
async function startLoad(dartwing: Dartwing) {
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  dartwing.jobs.define('tick', { deduplicationMs: 0, handler: () => setTimeout(5) });
  dartwing.jobs.define('broken', {
    deduplicationMs: 0,
    handler: () => {
      throw Object.assign(new Error('broken'), { permanent: true });
    },
  });
  const worker = dartwing.jobs.work();
  const watch = dartwing.alerts.watch();
  await worker.ready;
  const startedAt = performance.now();
  let isOver = false;
  const running = (async () => {
    for (let round = 0; !isOver; round++) {
      const inputs = Array.from({ length: 20 + (round % 7) * 10 }, (_, n) => ({ n }));
      await dartwing.jobs.submitMany('acme', 'tick', inputs).catch(() => {});
      if (round % 50 === 0) await dartwing.jobs.submit('acme', 'broken').catch(() => {});
      await dartwing.documents.create('acme', 'Note', { data: { title: `note ${round}` } });
      await setTimeout(1_000);
    }
  })();
  return {
    figure: () =>
      amountFigure(
        'jobs completed meanwhile',
        worker.stats.completed / ((performance.now() - startedAt) / 1_000),
        'a second',
      ),
    stop: async () => {
      isOver = true;
      await running;
      await watch.stop();
      await worker.stop();
    },
  };
}

const before = 'what stood there before';
const line = `${process.execPath} ${fileURLToPath(new URL(`file://${packageRoot()}/bin/dartwing`))} top`;

/** A shell in a terminal of its own. */
async function openTerminal(env: Readonly<Record<string, string>>) {
  const socket = `dartwing-bench-${process.pid}`;
  const surroundings = { PATH: process.env.PATH, HOME: '/nonexistent', LANG: 'C.UTF-8', ...env };
  const tmux = (...words: string[]) =>
    spawnSync('tmux', ['-L', socket, '-f', '/dev/null', ...words], {
      encoding: 'utf8',
      env: surroundings,
    }).stdout.trim();
  tmux('new-session', '-d', '-x', '80', '-y', '24', 'bash --norc');
  const type = (text: string) => {
    tmux('send-keys', '-l', text);
    tmux('send-keys', 'Enter');
  };
  const shows = async (text: string): Promise<void> => {
    for (let look = 0; look < 300; look++) {
      if (tmux('capture-pane', '-p').includes(text)) return;
      await setTimeout(100);
    }
    throw new Error(`the terminal does not show ${text}:\n${tmux('capture-pane', '-p')}`);
  };
  type(`PS1='ready> '; clear; echo "${before}"`);
  await shows(before);
  const shell = Number(tmux('display', '-p', '#{pane_pid}'));
  return {
    type,
    shows,
    key: (name: string) => void tmux('send-keys', name),
    /** Starts top and gives its process. */
    start: async (): Promise<number> => {
      type(line);
      await shows('QUEUES');
      const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ');
      return Number(children.at(-1));
    },
    /** Whether the terminal is as it was: no other screen, a cursor, keys that are shown as they are typed. */
    isRestored: async (): Promise<boolean> => {
      await shows('ready>');
      type('stty -a');
      await shows('icanon');
      const screen = tmux('capture-pane', '-p', '-S', '-100');
      return (
        tmux('display', '-p', '#{alternate_on} #{cursor_flag}') === '0 1' &&
        screen.includes(before) &&
        /(^| )icanon/m.test(screen) &&
        /(^| )echo( |$)/m.test(screen) &&
        !screen.includes('QUEUES')
      );
    },
    close: () => void tmux('kill-server'),
  };
}

async function watched(env: Readonly<Record<string, string>>, minutes: number): Promise<Figure[]> {
  const terminal = await openTerminal(env);
  try {
    const pid = await terminal.start();
    // What is compiled and loaded at first is not the steady state.
    await setTimeout(Math.min(30_000, minutes * 10_000));
    const rss: number[] = [];
    const [startedAt, cpuBefore] = [performance.now(), cpuSeconds(pid)];
    const until = startedAt + minutes * 60_000;
    while (performance.now() < until) {
      await setTimeout(lookMs);
      rss.push(residentBytes(pid) / 1_048_576);
      progress(
        `top: ${Math.round((until - performance.now()) / 1_000)} s left, ${rss.at(-1)!.toFixed(0)} MB`,
      );
    }
    const share = (cpuSeconds(pid) - cpuBefore) / ((performance.now() - startedAt) / 1_000);
    const part = Math.max(1, Math.floor(rss.length / 5));
    const [first, last] = [median(rss.slice(0, part)), median(rss.slice(-part))];
    terminal.key('q');
    return [
      amountFigure('share of a core', share * 100, '%', { atMost: 3 }),
      amountFigure('memory in the first fifth', first, 'MB'),
      amountFigure('memory in the last fifth', last, 'MB', { atMost: first * 1.1 }),
      amountFigure('highest memory', Math.max(...rss), 'MB'),
      amountFigure('the screen is restored after q', Number(await terminal.isRestored()), '', { atLeast: 1 }),
    ];
  } finally {
    terminal.close();
  }
}

/** Every other way to end it. */
async function endings(env: Readonly<Record<string, string>>): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const way of ['C-c', 'SIGTERM', 'SIGHUP', 'SIGINT', 'C-z'] as const) {
    progress(`top ends by ${way}`);
    const terminal = await openTerminal(env);
    try {
      const pid = await terminal.start();
      if (way === 'C-c' || way === 'C-z') terminal.key(way);
      else process.kill(pid, way);
      const isRestored = await terminal.isRestored();
      figures.push(
        amountFigure(`the screen is restored after ${way}`, Number(isRestored), '', { atLeast: 1 }),
      );
      if (way === 'C-z') process.kill(pid, 'SIGKILL');
    } finally {
      terminal.close();
    }
  }
  return figures;
}

/** Fields of /proc/PID/stat behind the name, from the third on. */
function statOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
}

function cpuSeconds(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function residentBytes(pid: number): number {
  return Number(statOf(pid)[21]) * pageBytes;
}
