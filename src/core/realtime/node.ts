/**
 * A process that serves sockets: it relays, hears what all relays send, and tells the others that it lives. Whatever it
 * may have missed it says, so that its sockets look again.
 */
import type { Call, Session } from '../access/index.js';
import type { Clock } from '../clock.js';
import type { Database, Tx } from '../db/index.js';
import { uuidv7 } from '../ids.js';
import type { Log } from '../log.js';
import { bounds } from './bounds.js';
import { type Bus, memoryBus } from './bus.js';
import type { Batch, Envelope } from './envelope.js';
import { type ExternalMessage, type Refusal, readExternal } from './external.js';
import { type Hearing, hear, type Wish } from './hearing.js';
import { postgresBus } from './postgres-bus.js';
import { openPresence, type Presence } from './presence.js';
import { eventOf } from './publish.js';
import { dropNodes, findNumber, insertEvents, touchNode } from './queries.js';
import { redisBus } from './redis-bus.js';
import { openRelay, type Published } from './relay.js';

/** What the holder of the sockets is told. All of it is done at once, before anything else is heard. */
export interface NodeEars {
  /** Events, each once. */
  onEvents(events: readonly Envelope[]): void;
  /** Whose rights moved: persons, API keys, organizations; `*` for anybody. Until they are asked for anew they hear nothing. */
  onMoved(holders: readonly string[]): void;
  /** Events and changes of rights may have been missed. */
  onGap(): void;
  /** Sockets that are connected here. */
  sockets(): number;
  /** A message of another publisher was refused. */
  onRefused?(reason: Refusal | 'invalid'): void;
}

export interface RealtimeOptions {
  /** `redis://` address of what carries events between nodes; without it PostgreSQL does. */
  redisUrl?: string | undefined;
  /** Secret with which programs of others sign what they put on Redis; without it nothing of others is taken. */
  publishKey?: string | undefined;
  /** Keep events in this process, which then has to serve all sockets alone. */
  alone?: boolean | undefined;
}

export interface RealtimeNode {
  readonly id: string;
  /** It hears. */
  readonly ready: Promise<void>;
  readonly presence: Presence;
  readonly bus: { readonly kind: Bus['kind']; state(): 'ok' | 'degraded' };
  /** What a caller may hear now. @throws UNAUTHENTICATED, DATABASE_* */
  hear(principal: Call['principal'], wishes: readonly Wish[]): Promise<Hearing>;
  close(): Promise<void>;
}

export interface NodeParts {
  session: Session;
  database: Pick<Database, 'asMachinery' | 'asOrg' | 'listener'>;
  clock: Clock;
  log: Log;
  options: RealtimeOptions;
  /** Name and key of the installation on Redis. */
  fingerprint: string;
  busKey: Buffer;
  /** Whether events of all of these organizations may go to Redis. */
  admits(tx: Tx, organizations: readonly string[]): Promise<boolean>;
  /** Id of an organization. */
  idOf: (ref: string) => Promise<string>;
  /** Told of every batch that this process relays. */
  onPublished: (published: Published) => void;
}

/** Opens a node. `kick` says that a transaction of this process has committed. */
export function openNode(parts: NodeParts, ears: NodeEars): RealtimeNode & { kick(): void } {
  const { database, clock, log, options } = parts;
  const id = uuidv7(clock.now());
  const onFailure = (error: unknown) => log.warn({ err: error }, 'realtime');
  const transaction = <T>(work: (tx: Tx) => Promise<T>) => database.asMachinery(work);
  const known = new Set<string>();
  let heardNumber: number | undefined;
  let bus: Bus = memoryBus();
  let relay: ReturnType<typeof openRelay> | undefined;
  let beating: NodeJS.Timeout | undefined;
  let closed = false;

  /** Those that were not heard before. */
  const fresh = (events: readonly Envelope[]): Envelope[] =>
    events.filter((event) => {
      if (known.has(event.id)) return false;
      known.add(event.id);
      if (known.size > bounds.idsKnownMax) known.delete(known.values().next().value!);
      return true;
    });

  const onBatch = ({ number, moved, events }: Batch): void => {
    if (closed) return;
    const isNext = heardNumber === undefined || number <= heardNumber + 1;
    heardNumber = Math.max(heardNumber ?? number, number);
    if (!isNext) ears.onGap();
    if (moved.length > 0) ears.onMoved(moved);
    const heard = fresh(events);
    if (heard.length > 0) ears.onEvents(heard);
  };

  const presence = openPresence({ node: id, transaction, onChange: () => relay?.kick() });

  /** Another's message, which every node hears: the first one to write it wins, and its id drops the others. */
  const takeExternal = async (text: string): Promise<void> => {
    const read = readExternal(text, options.publishKey!, clock);
    if (typeof read === 'string') return ears.onRefused?.(read);
    try {
      await writeExternal(read);
      relay?.kick();
    } catch (error) {
      log.debug({ err: error }, 'a message of another publisher was refused');
      ears.onRefused?.('invalid');
    }
  };
  const writeExternal = async ({ organization, publication }: ExternalMessage): Promise<void> => {
    const org = await parts.idOf(organization);
    await database.asOrg(org, async (tx) => insertEvents(tx, [await eventOf(tx, org, publication)]));
  };

  const openBus = async (): Promise<Bus> => {
    if (options.alone) return memoryBus();
    const detour = postgresBus({ listener: database.listener, onFailure });
    if (options.redisUrl === undefined) return detour;
    return redisBus({
      url: options.redisUrl,
      installation: parts.fingerprint,
      key: parts.busKey,
      detour,
      log,
      admits: parts.admits,
      onExternal: options.publishKey === undefined ? undefined : (text) => void takeExternal(text),
    });
  };

  /** What the database had told by the beat before; a batch that has not come since then was lost. */
  let numberBefore: number | undefined;
  const beat = async (): Promise<void> => {
    const { number, wasKnown } = await transaction(async (tx) => {
      const known = await touchNode(tx, id);
      await presence.told(tx, await dropNodes(tx, bounds.nodeLeaseMs, null));
      return { number: await findNumber(tx), wasKnown: known };
    });
    const missed = numberBefore !== undefined && (heardNumber ?? 0) < numberBefore;
    if (missed) heardNumber = numberBefore;
    // While the others took this node for dead nothing was left for the relays.
    if (missed || (!wasKnown && numberBefore !== undefined)) ears.onGap();
    numberBefore = number;
    heardNumber ??= number;
  };

  const open = async (): Promise<void> => {
    bus = await openBus();
    await bus.listen({
      onBatch,
      onGap: () => {
        // The database may be another one by now; and what commits after the beat is left for the relay.
        heardNumber = undefined;
        numberBefore = undefined;
        void beat().catch(onFailure);
        ears.onGap();
      },
    });
    await beat();
    relay = openRelay({ transaction, bus, clock, onPublished: parts.onPublished, onFailure });
    relay.watch(() => ears.sockets() > 0);
    beating = setInterval(() => void beat().catch(onFailure), bounds.nodeBeatMs);
    beating.unref();
  };

  const ready = open();
  // Whoever waits for it hears of it as well.
  ready.catch(onFailure);

  return {
    id,
    ready,
    presence,
    bus: {
      get kind() {
        return bus.kind;
      },
      state: () => bus.state(),
    },
    kick: () => relay?.kick(),
    hear: (principal, wishes) =>
      parts.session.run('realtime', { principal, via: 'http' }, (scope) => hear(scope, wishes)),
    close: async () => {
      closed = true;
      clearInterval(beating);
      await relay?.close();
      await transaction(async (tx) => presence.told(tx, await dropNodes(tx, bounds.nodeLeaseMs, id))).catch(
        onFailure,
      );
      await bus.close();
    },
  };
}
