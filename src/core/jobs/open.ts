/** Puts the room together. */
import type { AccessDoorbell, Events, Session } from '../access/index.js';
import type { Clock } from '../clock.js';
import type { Database } from '../db/index.js';
import type { Log } from '../log.js';
import { jobRegistry } from './definition.js';
import { queueDepths } from './depths.js';
import { jobDoorbell } from './doorbell.js';
import type { Jobs } from './jobs.js';
import {
  buryStuck,
  cleanDeadLetters,
  endOrphans,
  joinDue,
  keepHistory,
  type MaintenanceParts,
  measureQueues,
  settleChildren,
  watchDeadLetters,
} from './maintenance.js';
import { rememberedPlaces } from './places.js';
import { jobVerbs } from './room.js';
import { scheduleBook } from './schedule.js';
import type { SubmittedBatch } from './submit.js';
import type { JobEvent } from './worker-contract.js';

/** What the room needs of the installation. */
export interface JobsSources {
  session: Session;
  events: Events;
  /** Told of persons whose rights change. */
  rights: AccessDoorbell;
  database: Pick<Database, 'asMachinery' | 'listener'>;
  clock: Clock;
  random: () => number;
  log: Log;
  /** Id of an organization. */
  idOf: (ref: string) => Promise<string>;
  /** Told of jobs that this process has submitted. */
  onSubmitted: (batch: SubmittedBatch) => void;
}

/** Opens the room. `close` stops workers and schedulers of this process. */
export function openJobs(sources: JobsSources): Jobs & { close(): Promise<void> } {
  const { database, log, events, rights, ...rest } = sources;
  const transaction: MaintenanceParts['transaction'] = (work) => database.asMachinery(work);
  const registry = jobRegistry();
  const book = scheduleBook();
  const doorbell = jobDoorbell(database, (error) => log.warn({ err: error }, 'jobs'));
  const stops: (() => Promise<unknown>)[] = [];
  const observers = new Set<(event: JobEvent) => void>();
  const maintenance: MaintenanceParts = { ...rest, log, registry, doorbell, transaction };
  const chores = {
    'jobs.stuck': ['*/15 * * * *', 'Ends running jobs that took twice their time', buryStuck],
    'jobs.due': ['* * * * *', 'Lets jobs whose time has come join their lines, retries among them', joinDue],
    'jobs.children': ['* * * * *', 'Lets jobs go on that waited for one that has ended', settleChildren],
    'jobs.depth': ['* * * * *', 'Counts what stands in each queue', measureQueues],
    'jobs.orphans': ['* * * * *', 'Ends jobs of dissolved organizations', endOrphans],
    'jobs.dead_letter_alert': ['* * * * *', 'Warns when too many dead letters wait', watchDeadLetters],
    'jobs.dead_letter_cleanup': [
      '0 3 * * *',
      'Deletes dead letters decided upon a week ago',
      cleanDeadLetters,
    ],
    'jobs.retention': ['30 3 * * *', 'Drops ended jobs of more than 30 days ago', keepHistory],
  } as const;
  for (const [name, [cron, description, work]] of Object.entries(chores))
    book.add(name, { cron, description, run: () => work(maintenance) });
  const places = rememberedPlaces(rest.clock);
  doorbell.listen((ring) => {
    if (ring.kind === 'settings') places.forget();
  });
  const verbs = jobVerbs({
    ...rest,
    log,
    registry,
    book,
    doorbell,
    depths: queueDepths(rest.clock),
    places,
    transaction,
    bare: { clock: rest.clock, events, doorbell: rights },
    listener: database.listener,
    keepHistory: (keptDays) => keepHistory(maintenance, keptDays),
    onStart: (stop) => stops.push(stop),
    observers,
    publish: (event) => {
      for (const hear of observers) hear(event);
    },
  });
  return {
    ...verbs,
    close: async () => {
      await Promise.all(stops.map((stop) => stop()));
      await doorbell.quiet();
    },
  };
}
