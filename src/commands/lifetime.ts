/**
 * The life of one command: what ends it early (a signal, the time limit, a closed pipe) and what is closed at
 * its end. The process is never told to exit: that would cut output that is still on its way.
 */
import { formatDuration } from '../core/duration.js';
import { asDartwingError, DartwingError } from '../core/errors.js';

/** Why a command ended before its verb returned. */
export type Ending = 'SIGINT' | 'SIGTERM' | 'timeout' | 'closed-pipe' | 'fault';

type Closer = (givenUp: boolean) => Promise<void> | void;

export interface Lifetime {
  readonly signal: AbortSignal;
  /** What ended the command early, if anything did. */
  ending(): Ending | undefined;
  /** The error that says so. */
  reason(): DartwingError | undefined;
  /** The verb has asked for the signal. */
  isHeeded(): boolean;
  /** Lets a change become lasting. Throws the reason when the command has ended: what is cut changes nothing. */
  permitChange(): void;
  /** A change was let through. */
  mayHaveChanged(): boolean;
  /** The reader of stdout has gone. */
  closedPipe(): void;
  /** Starts the clock of --timeout; 0 is none. */
  limit(ms: number): void;
  /** Runs something that waits for a person; the clock stands still meanwhile. */
  pause<T>(wait: () => Promise<T>): Promise<T>;
  /** Gives the terminal to another program until it ends: its Ctrl-C is none of ours, and the clock stands still. */
  lend<T>(work: () => Promise<T>): Promise<T>;
  /** Runs at the end, last registered first. `givenUp`: the verb still runs, and may never end. */
  defer(close: Closer): void;
  /** Gives a verb a grace after an early end to finish by itself, then gives up on it. */
  supervise<T>(work: Promise<T>, graceMs: (ending: Ending) => number): Promise<T>;
  /** Nothing is closed and nobody waits: what is still open may never answer. */
  endAtOnce(): void;
  /** Runs everything deferred; a failing one does not stop the others. Tells whether the process may end by itself. */
  close(): Promise<'closed' | 'abandoned'>;
}

const closeMs = 5_000;
const reapMs = 3_000;

/** Listens to the signals of a process. */
export function createLifetime(process: NodeJS.Process): Lifetime {
  const givenUp: ((by: Ending, why: DartwingError) => void)[] = [];
  const closers: Closer[] = [];
  let controller: AbortController | undefined;
  let ending: Ending | undefined;
  let reason: DartwingError | undefined;
  let timer: NodeJS.Timeout | undefined;
  let limitMs = 0;
  let abandoned = false;
  let isChanging = false;
  let isGivenUp = false;

  const end = (by: Ending, why: DartwingError): void => {
    if (ending !== undefined) return;
    ending = by;
    reason = why;
    controller?.abort(why);
    for (const giveUp of givenUp) giveUp(by, why);
  };
  // Only once: a second signal meets the system's default and ends the process where it stands.
  const interrupt = (): void => end('SIGINT', new DartwingError('CANCELED'));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', () => end('SIGTERM', new DartwingError('CANCELED')));
  // A fault that no promise of the verb carries would otherwise end in a stack.
  process.once('uncaughtException', (thrown) => end('fault', asDartwingError(thrown)));
  const arm = (ms: number): void => {
    clearTimeout(timer);
    if (ms <= 0) return;
    timer = setTimeout(
      () => end('timeout', new DartwingError('TIMED_OUT', { limit: formatDuration(limitMs) })),
      ms,
    );
    timer.unref();
  };

  const pause: Lifetime['pause'] = async (wait) => {
    clearTimeout(timer);
    try {
      return await wait();
    } finally {
      if (ending === undefined) arm(limitMs);
    }
  };
  const deaf = (): void => {};

  return {
    get signal() {
      // Made when a verb first asks: most answer before anything could interrupt them.
      controller ??= new AbortController();
      if (ending !== undefined) controller.abort(reason);
      return controller.signal;
    },
    ending: () => ending,
    reason: () => reason,
    isHeeded: () => controller !== undefined,
    permitChange: () => {
      if (reason !== undefined) throw reason;
      isChanging = true;
    },
    mayHaveChanged: () => isChanging,
    closedPipe: () => end('closed-pipe', new DartwingError('CANCELED')),
    limit: (ms) => {
      limitMs = ms;
      arm(ms);
    },
    pause,
    lend: async (work) => {
      process.off('SIGINT', interrupt);
      process.on('SIGINT', deaf);
      try {
        return await pause(work);
      } finally {
        process.off('SIGINT', deaf);
        process.once('SIGINT', interrupt);
      }
    },
    defer: (close) => {
      closers.push(close);
    },
    supervise: (work, graceMs) =>
      new Promise((resolve, reject) => {
        const giveUp = (by: Ending, why: DartwingError): void => {
          const leave = (): void => {
            isGivenUp = true;
            reject(why);
          };
          setTimeout(leave, graceMs(by)).unref();
        };
        givenUp.push(giveUp);
        if (ending !== undefined && reason !== undefined) giveUp(ending, reason);
        work.then(resolve, reject);
      }),
    endAtOnce: () => {
      abandoned = true;
    },
    close: async () => {
      clearTimeout(timer);
      if (abandoned) return 'abandoned';
      for (const close of closers.reverse()) await withLimit(() => close(isGivenUp));
      closers.length = 0;
      // What was given up may have left something open that never ends.
      if (isGivenUp) return 'abandoned';
      if (ending !== undefined) reap(process);
      return 'closed';
    },
  };
}

/** A verb that was given up may have left something open that would keep the process alive. */
function reap(process: NodeJS.Process): void {
  process.stdin.destroy();
  process.removeAllListeners('SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGTERM'), reapMs).unref();
}

async function withLimit(close: () => Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, closeMs);
  });
  try {
    await Promise.race([close(), limit]);
  } catch {
    // The outcome of the command is known already; a close that fails must not hide it.
  } finally {
    clearTimeout(timer);
  }
}
