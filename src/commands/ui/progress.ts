/**
 * Signs of life on stderr for work that takes longer than a moment: a spinner or a bar on a terminal, now and
 * then a line elsewhere, events in machine modes, nothing with --quiet.
 */
import { formatDuration } from '../../core/duration.js';
import type { CommandContext } from '../context.js';
import type { Io } from './io.js';
import { createRate, type Rate } from './rate.js';

export interface ProgressOptions {
  /** What is being done: `Re-sealing tokens`. */
  title: string;
  /** How many there are; a spinner is shown when nobody knows. */
  total?: number;
  /** Already done before, by a run that is continued. */
  done?: number;
  /** Name of the operation in events. */
  op?: string;
}

export interface Progress {
  /** `done` so far; a text replaces the title. */
  update(done: number, text?: string): void;
  /** Ends it; with a text that says what is true now. */
  end(text?: string): void;
}

const frameMs = 100;
const lineMs = 10_000;
const lineShare = 0.1;
const barColumns = 20;

/** Begins at once: the first sign is there within a frame. End it in a `finally`. */
export function startProgress(io: Io, options: ProgressOptions): Progress {
  if (io.settings.quiet) return { update: () => {}, end: () => {} };
  if (io.machine) return eventProgress(io, options);
  return io.err.isTTY ? drawnProgress(io, options) : lineProgress(io, options);
}

/** Shows signs of life while `work` lasts, and tells it where to say how far it is. */
export async function whileShown<T>(
  { io, commandPath }: Pick<CommandContext, 'io' | 'commandPath'>,
  title: string,
  work: (progress: Progress) => Promise<T>,
  total?: number,
): Promise<T> {
  const op = commandPath.replaceAll(' ', '.');
  const progress = startProgress(io, { title, op, ...(total === undefined ? {} : { total }) });
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}

function drawnProgress(io: Io, options: ProgressOptions): Progress {
  const rate = createRate(options.done ?? 0);
  let done = options.done ?? 0;
  let title = options.title;
  let frame = 0;
  const draw = (): void => {
    io.say(`\r${drawing(io, title, done, options.total, rate, frame++)}\u001b[K`);
  };
  const timer = setInterval(draw, frameMs);
  timer.unref();
  draw();
  return {
    update: (now, text) => {
      done = now;
      title = text ?? title;
      rate.sample(now, performance.now());
    },
    end: (text) => {
      clearInterval(timer);
      const { green, signs } = io.err.palette;
      io.say(`\r\u001b[K${text === undefined ? '' : `${green(signs.ok)} ${text}\n`}`);
    },
  };
}

/** `Re-sealing tokens  ███████░░░  1,204/1,800  212/s  ETA 3s` */
function drawing(
  io: Io,
  title: string,
  done: number,
  total: number | undefined,
  rate: Rate,
  frame: number,
): string {
  const unicode = io.err.palette.signs.ok === '✓';
  if (total === undefined) {
    const frames = unicode ? '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏' : '|/-\\';
    return `${frames[frame % frames.length]} ${title}${done > 0 ? `  ${count(done)}` : ''}`;
  }
  const filled = Math.round(barColumns * Math.min(1, total === 0 ? 1 : done / total));
  const [full, open] = unicode ? ['█', '░'] : ['#', '.'];
  const bar = full!.repeat(filled) + open!.repeat(barColumns - filled);
  return [title, bar, `${count(done)}/${count(total)}`, ...speedOf(rate, total)].join('  ');
}

/** `212/s` and `ETA 3s`, as far as they are known. */
function speedOf(rate: Rate, total: number | undefined): string[] {
  const perSecond = rate.perSecond();
  const eta = total === undefined ? undefined : rate.etaMs(total);
  return [
    ...(perSecond === undefined ? [] : [`${count(Math.round(perSecond))}/s`]),
    ...(eta === undefined ? [] : [`ETA ${formatDuration(eta)}`]),
  ];
}

function lineProgress(io: Io, { title, total, done = 0 }: ProgressOptions): Progress {
  const due = createPace(done, total);
  const rate = createRate(done);
  io.note(total === undefined ? `${title} …` : `${title}: ${count(done)} of ${count(total)}`);
  return {
    update: (now, text) => {
      rate.sample(now, performance.now());
      if (!due(now)) return;
      const of = total === undefined ? '' : ` of ${count(total)}`;
      io.note([`${text ?? title}: ${count(now)}${of}`, ...speedOf(rate, total)].join(', '));
    },
    end: (text) => {
      if (text !== undefined) io.note(text);
    },
  };
}

function eventProgress(io: Io, { title, total, op = title, done = 0 }: ProgressOptions): Progress {
  const due = createPace(done, total);
  const rate = createRate(done);
  let last = done;
  const send = (): void => {
    const eta = total === undefined ? undefined : rate.etaMs(total);
    const perSecond = rate.perSecond();
    io.event({
      type: 'progress',
      op,
      done: last,
      total: total ?? null,
      per_second: perSecond === undefined ? null : Math.round(perSecond),
      eta_ms: eta === undefined ? null : Math.round(eta),
    });
  };
  send();
  return {
    update: (now) => {
      last = now;
      rate.sample(now, performance.now());
      if (due(now)) send();
    },
    end: () => send(),
  };
}

/** Whether it is time for another line: after ten seconds, or a tenth of the whole. */
function createPace(start: number, total: number | undefined): (done: number) => boolean {
  let lastDone = start;
  let lastAt = performance.now();
  return (done) => {
    const now = performance.now();
    const share = total === undefined || total === 0 ? 0 : (done - lastDone) / total;
    if (now - lastAt < lineMs && share < lineShare) return false;
    lastDone = done;
    lastAt = now;
    return true;
  };
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
