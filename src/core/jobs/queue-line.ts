/** One queue in one worker: takes as many jobs as there are slots, from whom fairness says, and runs them. */
import type { Tx } from '../db/index.js';
import { makeDoorbell } from '../doorbell.js';
import { limits } from '../limits.js';
import { type ClaimedJob, claimJobs } from './claim-queries.js';
import type { CompletionBatch } from './completion.js';
import type { Ring } from './doorbell.js';
import { FairQueue, type Pick } from './fair.js';
import { claimAtRates, claimWithinLimits, picksOf } from './limited-claim.js';
import type { LimitRow } from './settings-queries.js';

/** What may be taken of a queue now. */
export interface LineSettings {
  slots: number;
  isPaused: boolean;
  perMinute: number | null;
  limits: ReadonlyMap<string, LimitRow>;
}

export interface LineParts {
  queue: string;
  settings: LineSettings;
  worker: () => string;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  monotonicMs: () => number;
  /** Runs a job; resolves when its slot is free again, with what it used. */
  run: (job: ClaimedJob) => Promise<void>;
  /** Taken and not begun when everything stopped. */
  release: (jobs: readonly ClaimedJob[]) => Promise<void>;
  /** Nothing more is taken while this many finished jobs are not written down. */
  isBehind: () => boolean;
  /** Finished jobs that are to be written down, for a claim to take along. */
  finished: () => CompletionBatch | undefined;
  /** Jobs are this worker's from now on, whatever it does with them. */
  taken: (jobs: readonly ClaimedJob[]) => void;
  /** Jobs may have been taken without this worker knowing which. */
  unsure: () => void;
  onFailure: (error: unknown) => void;
}

export interface QueueLine {
  hear(ring: Ring): void;
  set(settings: LineSettings): void;
  /** These have jobs, and perhaps nobody told of them. */
  found(lines: readonly { organization: string; priority: number }[]): void;
  /** Something that kept it from taking may be gone. */
  ring(): void;
  readonly running: number;
  /** Takes no more; resolves when the loop has ended and what was not begun is released. */
  stop(): Promise<void>;
  /** Resolves when no job runs. */
  idle(): Promise<void>;
}

/** Weight of a tier, unless the organization has one of its own. */
const tierWeights = { free: 1, pro: 2, enterprise: 4 } as const;

export function openLine(parts: LineParts): QueueLine {
  const fair = new FairQueue();
  let { settings } = parts;
  let stopping = false;
  let running = 0;
  /** Taken and not begun, in the order in which they are to begin. */
  let ready: { job: ClaimedJob; start: number }[] = [];
  const { ring, wait } = makeDoorbell();
  const whenIdle: (() => void)[] = [];

  /** Jobs that may wait in memory for a slot: only where one is free in no time. */
  const ahead = () => {
    const { slots } = settings;
    if (fair.costMs >= limits.jobShortMs) return 0;
    return Math.min(
      slots * limits.jobAheadMax,
      Math.ceil((slots * Math.max(limits.jobAheadMs, fair.costMs)) / fair.costMs),
    );
  };

  function begin(): void {
    while (running < settings.slots && ready.length > 0 && !stopping) {
      const { job, start } = ready.shift()!;
      const startedAt = parts.monotonicMs();
      running += 1;
      fair.began(start);
      void parts.run(job).then(() => {
        running -= 1;
        fair.finished(job.organization, parts.monotonicMs() - startedAt);
        fair.unpark(job.organization);
        begin();
        if (running === 0) for (const resolve of whenIdle.splice(0)) resolve();
        if (wants() > 0) ring();
      });
    }
  }

  /**
   * How many to ask for. A few at a time where jobs are short, since every question has its price, and before the last of
   * them has begun, since an answer takes its time; at once for somebody who has just woken up.
   */
  function wants(): number {
    if (stopping || settings.isPaused || parts.isBehind()) return 0;
    const most = ahead();
    const room = settings.slots + most - running - ready.length;
    if (fair.hasWoken) return Math.max(room, Math.min(1, settings.slots + 2 * most - running - ready.length));
    return ready.length > most / 2 ? 0 : room;
  }

  async function round(): Promise<number> {
    const free = wants();
    if (free <= 0) return limits.jobIdleMs;
    const now = parts.monotonicMs();
    const reserve = settings.slots > 1 ? Math.max(1, Math.floor(settings.slots / 10)) : 0;
    const picks = fair.pick(free, settings.slots - reserve, limits.jobShortMs, now);
    if (picks.length === 0) return Math.min(fair.parkedFor(now) ?? limits.jobIdleMs, limits.jobIdleMs);
    const isLimited = ({ organization }: Pick) =>
      perMinuteOf(organization) !== null || runningMaxOf(organization) !== null;
    const plain = picks.filter((pick) => !isLimited(pick));
    const limited = picks.filter(isLimited);
    if (plain.length > 0) await take(plain, claimPlain);
    if (limited.length > 0) await take(limited, claimLimited);
    begin();
    return 0;
  }

  const perMinuteOf = (organization: string) =>
    settings.limits.get(organization)?.per_minute ?? settings.perMinute;
  const runningMaxOf = (organization: string) => settings.limits.get(organization)?.running_max ?? null;

  async function take(picks: readonly Pick[], claim: typeof claimPlain): Promise<void> {
    let claimed: ClaimedJob[];
    try {
      claimed = await claim(picks);
    } catch (error) {
      for (const pick of picks) fair.untaken(pick);
      parts.unsure();
      throw error;
    }
    parts.taken(claimed);
    // In the order of their virtual times, so that a batch is as fair as single picks, and whoever came late and has had
    // nothing goes before what waits here already.
    const next = new Map(picks.map(({ organization, start, step }) => [organization, { start, step }]));
    for (const job of claimed.sort((a, b) => Number(a.turn) - Number(b.turn))) {
      const place = next.get(job.organization)!;
      ready.push({ job, start: place.start });
      place.start += place.step;
    }
    ready.sort((a, b) => a.start - b.start);
  }

  function settle(picks: readonly Pick[], claimed: readonly ClaimedJob[]): void {
    const counts = new Map<string, { count: number; last: number; tier: ClaimedJob['tier'] }>();
    for (const { organization, turn, tier } of claimed) {
      const known = counts.get(organization);
      const last = Math.max(known?.last ?? 0, Number(turn));
      counts.set(organization, { count: (known?.count ?? 0) + 1, last, tier });
    }
    for (const pick of picks) {
      const got = counts.get(pick.organization);
      const weight = settings.limits.get(pick.organization)?.weight ?? (got && tierWeights[got.tier]);
      fair.taken(pick, got?.count ?? 0, got?.last, weight);
    }
  }

  /** Claims in a transaction that takes along what has finished. */
  async function claiming<T>(claim: (tx: Tx) => Promise<T>): Promise<T> {
    const finished = parts.finished();
    const taken = await parts
      .transaction(async (tx) => {
        const writing = finished?.write(tx);
        writing?.catch(() => {});
        const taken = await claim(tx);
        await writing;
        return taken;
      })
      .catch((error: unknown) => {
        finished?.failed();
        throw error;
      });
    void finished?.written();
    return taken;
  }

  async function claimPlain(picks: readonly Pick[]): Promise<ClaimedJob[]> {
    const claimed = await claiming((tx) =>
      claimJobs(tx, parts.queue, parts.worker(), picksOf(picks), false, true),
    );
    settle(picks, claimed);
    return claimed;
  }

  /**
   * Organizations with limits: whoever holds the lock of a line counts what runs after that, so what others took is
   * in the count, and no limit is ever exceeded. What is charged and not taken is given back.
   */
  async function claimLimited(picks: readonly Pick[]): Promise<ClaimedJob[]> {
    const bounded = picks.map((pick) => ({
      pick,
      runningMax: runningMaxOf(pick.organization),
      perMinute: perMinuteOf(pick.organization),
    }));
    const claim = bounded.some(({ perMinute }) => perMinute !== null) ? claimAtRates : claimWithinLimits;
    const { claimed, shares } = await claiming((tx) => claim(tx, parts.queue, parts.worker(), bounded));
    const now = parts.monotonicMs();
    const allowed = picks.flatMap((pick, index): Pick[] => {
      const { count, waitMs } = shares[index]!;
      if (count < pick.count) fair.untaken({ ...pick, count: pick.count - count }, now + waitMs);
      return count === 0 ? [] : [{ ...pick, count }];
    });
    settle(allowed, claimed);
    return claimed;
  }

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        const pauseMs = await round();
        if (pauseMs > 0 && !stopping) await wait(pauseMs);
      } catch (error) {
        parts.onFailure(error);
        if (!stopping) await new Promise((resolve) => setTimeout(resolve, limits.jobFailurePauseMs));
      }
    }
    const unbegun = ready.map(({ job }) => job);
    ready = [];
    for (const { organization } of unbegun) fair.finished(organization, 0);
    if (unbegun.length > 0) await parts.release(unbegun).catch(parts.onFailure);
  }

  const loop = run();
  return {
    hear: (heard) => {
      if (heard.kind !== 'ready' || heard.queue !== parts.queue) return;
      fair.wake(heard.organization, heard.priority, heard.turn);
      ring();
    },
    set: (given) => {
      settings = given;
      begin();
      ring();
    },
    found: (lines) => {
      fair.forgetMarks();
      for (const { organization, priority } of lines) fair.wake(organization, priority);
      if (lines.length > 0) ring();
    },
    ring,
    get running() {
      return running + ready.length;
    },
    stop: async () => {
      stopping = true;
      ring();
      await loop;
    },
    idle: () => (running === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve))),
  };
}
