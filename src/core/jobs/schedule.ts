/** Cron schedules: each due time is taken by one process, whoever comes first. */
import { Cron } from 'croner';
import { authorize, type Scope } from '../access/index.js';
import type { Tx } from '../db/index.js';
import { asDartwingError, DartwingError, nearest } from '../errors.js';
import { limits } from '../limits.js';
import {
  beginTick,
  endTick,
  lastTicks,
  listSchedules,
  type ScheduleRow,
  setSchedulePaused,
  upsertSchedules,
} from './schedule-queries.js';
import { recordSystem } from './settings.js';

/** Something that is to be done again and again. */
export interface ScheduleDefinition {
  /** Five fields, or six with seconds first. */
  cron: string;
  /** IANA name; default UTC. */
  timeZone?: string | undefined;
  description?: string | undefined;
  /**
   * Does the work. What it returns is kept as the outcome. It may run twice when a process dies with it, so it is
   * something that can be repeated; usually it submits jobs.
   */
  run: (due: Date) => Promise<unknown>;
}

export interface RegisteredSchedule {
  name: string;
  cron: string;
  timeZone: string;
  description: string;
  run: (due: Date) => Promise<unknown>;
}

export interface ScheduleBook {
  add(name: string, definition: ScheduleDefinition): void;
  all(): readonly RegisteredSchedule[];
}

/** The document `Schedule`. */
export interface ScheduleDocument {
  kind: 'Schedule';
  name: string;
  description: string;
  cron: string;
  time_zone: string;
  paused: boolean;
  paused_by: string | null;
  next_at: string | null;
  last_at: string | null;
  /** How the last run ended; null while it runs, and before the first. */
  last_ok: boolean | null;
  last_outcome: unknown;
  last_error: string | null;
}

/** Schedules of this process, by name. */
export function scheduleBook(): ScheduleBook {
  const schedules = new Map<string, RegisteredSchedule>();
  return {
    add: (name, { cron, timeZone = 'UTC', description = '', run }) => {
      if (!/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/.test(name) || name.length > limits.nameCharsMax)
        throw new DartwingError('VALIDATION_ERROR', {
          message: `The schedule "${name.slice(0, 80)}" is not written like report.monthly`,
        });
      if (schedules.has(name))
        throw new DartwingError('VALIDATION_ERROR', { message: `The schedule "${name}" is defined twice` });
      // Tells a wrong pattern now instead of when it is due.
      dueAfter({ cron, timeZone }, new Date(0));
      schedules.set(name, { name, cron, timeZone, description, run });
    },
    all: () => [...schedules.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** The next due time after a moment. @throws VALIDATION_ERROR when pattern or time zone are none */
export function dueAfter(
  { cron, timeZone }: Pick<RegisteredSchedule, 'cron' | 'timeZone'>,
  after: Date,
): Date | null {
  try {
    return new Cron(cron, { timezone: timeZone, paused: true }).nextRun(after);
  } catch (error) {
    throw new DartwingError(
      'VALIDATION_ERROR',
      { message: `"${cron}" in ${timeZone} is no cron pattern: ${(error as Error).message}` },
      { cause: error },
    );
  }
}

export interface SchedulerParts {
  book: ScheduleBook;
  now: () => Date;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  onFailure: (error: unknown) => void;
}

export interface Scheduler {
  /** Runs everything that has come due since the last look. */
  tick(): Promise<void>;
  stop(): Promise<void>;
}

/** Looks every second for what is due. Several processes may do so: a due time is run by one of them. */
export function startScheduler(parts: SchedulerParts): Scheduler {
  const next = new Map<string, Date | null>();
  const running = new Set<Promise<void>>();
  let registered = false;
  let stopped = false;

  async function register(): Promise<void> {
    await parts.transaction((tx) => upsertSchedules(tx, parts.book.all()));
    for (const schedule of parts.book.all()) next.set(schedule.name, dueAfter(schedule, parts.now()));
    registered = true;
  }

  async function tick(): Promise<void> {
    if (!registered) await register();
    const now = parts.now();
    for (const schedule of parts.book.all()) {
      const due = next.get(schedule.name);
      if (due === undefined || due === null || due > now || stopped) continue;
      // After a long sleep the due times in between are one.
      next.set(schedule.name, dueAfter(schedule, now));
      const work = runDue(parts, schedule, due).catch(parts.onFailure);
      running.add(work);
      void work.finally(() => running.delete(work));
    }
  }

  let busy: Promise<void> = Promise.resolve();
  const look = () => {
    busy = busy.then(tick).catch(parts.onFailure);
    return busy;
  };
  void look();
  const timer = setInterval(look, limits.jobScheduleMs);
  return {
    tick: async () => {
      await look();
      await Promise.all(running);
    },
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await busy;
      await Promise.all(running);
    },
  };
}

/** Runs a due time unless another process has taken it, or it is paused. */
async function runDue(parts: SchedulerParts, schedule: RegisteredSchedule, due: Date): Promise<void> {
  const isMine = await parts.transaction((tx) => beginTick(tx, schedule.name, due, false));
  if (isMine) await carryOut(parts, schedule, due);
}

async function carryOut(
  parts: Pick<SchedulerParts, 'transaction' | 'onFailure'>,
  schedule: RegisteredSchedule,
  due: Date,
) {
  const end = (outcome: unknown, error: string | null) =>
    parts.transaction((tx) => endTick(tx, schedule.name, due, outcome, error));
  try {
    const outcome = await schedule.run(due);
    await end(outcome ?? null, null);
    return undefined;
  } catch (thrown) {
    parts.onFailure(thrown);
    const error = asDartwingError(thrown);
    await end(null, `${error.code}: ${error.message}`.slice(0, 500));
    return error;
  }
}

/** Schedules that this process knows or another one registered. */
export async function listScheduleDocuments(scope: Scope, book: ScheduleBook): Promise<ScheduleDocument[]> {
  authorize(scope, 'administer', { doctype: 'Schedule', name: '*' });
  const [stored, ticks] = await Promise.all([listSchedules(scope.tx), lastTicks(scope.tx)]);
  const rows = new Map<
    string,
    Pick<ScheduleRow, 'name' | 'cron' | 'time_zone' | 'description' | 'paused_at' | 'paused_by'>
  >(stored.map((row) => [row.name, row]));
  for (const { name, cron, timeZone, description } of book.all()) {
    const { paused_at = null, paused_by = null } = rows.get(name) ?? {};
    rows.set(name, { name, cron, time_zone: timeZone, description, paused_at, paused_by });
  }
  const now = scope.clock.now();
  return [...rows.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((row): ScheduleDocument => {
      const last = ticks.find(({ schedule }) => schedule === row.name);
      const next = row.paused_at === null ? dueAfter({ cron: row.cron, timeZone: row.time_zone }, now) : null;
      return {
        kind: 'Schedule',
        name: row.name,
        description: row.description,
        cron: row.cron,
        time_zone: row.time_zone,
        paused: row.paused_at !== null,
        paused_by: row.paused_by,
        next_at: next?.toISOString() ?? null,
        last_at: last?.started_at.toISOString() ?? null,
        last_ok: last === undefined || last.ended_at === null ? null : last.error === null,
        last_outcome: last?.outcome ?? null,
        last_error: last?.error ?? null,
      };
    });
}

/** @throws SCHEDULE_NOT_FOUND */
export async function requireSchedule(
  scope: Scope,
  book: ScheduleBook,
  name: string,
): Promise<ScheduleDocument> {
  const all = await listScheduleDocuments(scope, book);
  const found = all.find((schedule) => schedule.name === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    all.map((schedule) => schedule.name),
  );
  throw new DartwingError('SCHEDULE_NOT_FOUND', {
    name: name.slice(0, 80),
    suggestion: near === undefined ? '' : `Did you mean ${near}?`,
  });
}

/** The moment of a run by hand, with the entry that says who asked for it. @throws SCHEDULE_NOT_FOUND */
export async function beginScheduleRun(scope: Scope, book: ScheduleBook, name: string): Promise<Date> {
  await requireSchedule(scope, book, name);
  await recordSystem(scope, 'schedule.run', { doctype: 'Schedule', name }, null, null);
  return scope.clock.now();
}

/** Runs a schedule of this process now, paused or not. @throws SCHEDULE_NOT_FOUND, and what it throws */
export async function runSchedule(
  parts: Pick<SchedulerParts, 'book' | 'transaction' | 'onFailure'>,
  name: string,
  now: Date,
): Promise<void> {
  const schedule = parts.book.all().find((each) => each.name === name);
  if (schedule === undefined)
    throw new DartwingError('SCHEDULE_NOT_FOUND', { name: name.slice(0, 80), suggestion: '' });
  await parts.transaction(async (tx) => {
    await upsertSchedules(tx, [schedule]);
    await beginTick(tx, name, now, true);
  });
  const error = await carryOut(parts, schedule, now);
  if (error !== undefined) throw error;
}

/** @throws SCHEDULE_NOT_FOUND */
export async function pauseSchedule(
  scope: Scope,
  book: ScheduleBook,
  name: string,
  isPaused: boolean,
): Promise<ScheduleDocument> {
  authorize(scope, 'administer', { doctype: 'Schedule', name });
  const before = await requireSchedule(scope, book, name);
  const known = book.all().filter((schedule) => schedule.name === name);
  await upsertSchedules(scope.tx, known);
  await setSchedulePaused(scope.tx, name, isPaused ? scope.principal.id : null);
  const action = isPaused ? 'schedule.pause' : 'schedule.resume';
  await recordSystem(
    scope,
    action,
    { doctype: 'Schedule', name },
    { paused: before.paused },
    { paused: isPaused },
  );
  return requireSchedule(scope, book, name);
}
