/**
 * The relay takes what committed transactions left and hands it to the bus, one batch at a time over all nodes. What it
 * takes is of one moment and names first whose rights moved: so whoever lost their rights before an event happened is
 * known to every node before that event arrives there.
 */
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { bounds } from './bounds.js';
import type { Bus } from './bus.js';
import { doctypeRoom, documentRoom, organizationRoom } from './channel.js';
import type { Batch, Envelope } from './envelope.js';
import {
  findWaiting,
  type LoggedChange,
  listChanges,
  type OutboxRow,
  takeNumber,
  takeWaiting,
} from './queries.js';

export interface Relay {
  /** Something may wait; called after commits, in this process. */
  kick(): void;
  /** Looks by itself, more often while there are sockets. */
  watch(hasSockets: () => boolean): void;
  close(): Promise<void>;
}

export interface RelayParts {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  bus: Bus;
  clock: Clock;
  onPublished: (published: Published) => void;
  onFailure: (error: unknown) => void;
}

/** A batch that was handed to the bus. */
export interface Published {
  bus: Bus['kind'];
  /** Until the bus had it. */
  ms: number;
  /** Events by name. */
  events: ReadonlyMap<string, number>;
}

export function openRelay({ transaction, bus, clock, onPublished, onFailure }: RelayParts): Relay {
  let closed = false;
  let wanted = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const round = async (): Promise<boolean> => {
    // Most looks find nothing, and finding nothing makes nobody wait.
    if (!(await transaction(findWaiting))) return false;
    return transaction(async (tx) => {
      const number = await takeNumber(tx);
      const { rows, holders } = await takeWaiting(tx, bounds.batchMax);
      const batch: Batch = {
        number,
        moved: holders.length > bounds.holdersMax ? ['*'] : holders,
        events: await eventsOf(tx, rows),
      };
      const startedAt = clock.monotonicMs();
      await bus.publish(tx, batch);
      const ms = clock.monotonicMs() - startedAt;
      tx.afterCommit(() => onPublished({ bus: bus.kind, ms, events: countsOf(batch.events) }));
      return rows.length === bounds.batchMax;
    });
  };

  const run = async (): Promise<void> => {
    while (wanted && !closed) {
      wanted = false;
      try {
        if (await round()) wanted = true;
      } catch (error) {
        onFailure(error);
        await new Promise((resolve) => setTimeout(resolve, bounds.failurePauseMs));
      }
    }
    running = undefined;
  };

  const kick = (): void => {
    wanted = true;
    running ??= run();
  };

  return {
    kick,
    watch: (hasSockets) => {
      let lookedAt = 0;
      timer = setInterval(() => {
        lookedAt += bounds.pollMs;
        if (!hasSockets() && lookedAt < bounds.pollIdleMs) return;
        lookedAt = 0;
        kick();
      }, bounds.pollMs);
      timer.unref();
    },
    close: async () => {
      closed = true;
      clearInterval(timer);
      await running;
    },
  };
}

function countsOf(events: readonly Envelope[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { event } of events) counts.set(event, (counts.get(event) ?? 0) + 1);
  return counts;
}

/** What the rows of an outbox say. Of several changes of one document in them only the last is told. */
export async function eventsOf(tx: Tx, rows: readonly OutboxRow[]): Promise<Envelope[]> {
  const ranges = rows.flatMap(({ organization, after_seq: after, up_to_seq: upTo }) =>
    after === null || upTo === null ? [] : [{ organization, after, upTo }],
  );
  const small = ranges.filter(({ after, upTo }) => Number(upTo) - Number(after) <= bounds.changesMax);
  const large = new Set(
    ranges.filter((range) => !small.includes(range)).map(({ organization }) => organization),
  );
  const latest = new Map<string, LoggedChange>();
  for (const change of await listChanges(tx, small)) {
    const key = `${change.organization} ${change.doctype} ${change.name}`;
    const before = latest.get(key);
    // Whoever loses a document by its change hears of that too: their feed says what became of it.
    if (before !== undefined && before.owner !== change.owner) latest.set(`${key} ${before.seq}`, before);
    latest.delete(key);
    latest.set(key, change);
  }
  const own = rows.flatMap(({ organization, id, event }) =>
    event === null ? [] : [{ organization, ...event, id: event.id ?? `${organization}:${id}` }],
  );
  return [
    ...[...latest.values()].map(deltaOf),
    ...[...large].map((organization) => manyChanged(organization, rows)),
    ...own,
  ];
}

/** A change as clients hear of it: that it happened. What it says they get from the feed, which knows their rights. */
function deltaOf(change: LoggedChange): Envelope {
  const { organization, doctype, name, seq, version, op, deleted, owner, modified } = change;
  const rooms = [doctypeRoom(organization, doctype), documentRoom(organization, doctype, name)];
  if (owner !== null)
    rooms.push(doctypeRoom(organization, doctype, owner), documentRoom(organization, doctype, name, owner));
  return {
    id: `${organization}:seq:${seq}`,
    organization,
    event: 'delta',
    to: { rooms },
    message: { organization, doctype, name, seq, version, op, deleted, modified },
  };
}

/** More happened at once than is told one by one. */
function manyChanged(organization: string, rows: readonly OutboxRow[]): Envelope {
  const last = rows.filter((row) => row.organization === organization).at(-1)!;
  return {
    id: `${organization}:many:${last.id}`,
    organization,
    event: 'resync',
    to: { rooms: [organizationRoom(organization)] },
    message: { organization, reason: 'many changes' },
  };
}
