/**
 * Socket.IO on the host's HTTP server. Who connects is proven as for a request; what they hear is decided by the core,
 * and again whenever rights move. Nodes share no adapter: each gives what the bus brings to its own sockets.
 */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server, type Socket } from 'socket.io';
import { asDartwingError, DartwingError } from '../../core/errors.js';
import { type Clock, type Dartwing, systemClock } from '../../core/index.js';
import { type Log, silentLog } from '../../core/log.js';
import type { RealtimeNode } from '../../core/realtime/index.js';
import { addressFinder } from '../address.js';
import { authorizationOf, hears } from './asking.js';
import { bounds } from './bounds.js';
import { type Connection, connectionOf, mute } from './connection.js';
import { isRoom, openDelivery } from './delivery.js';
import { openRegistry } from './registry.js';
import { openVerification } from './verification.js';

export interface SocketOptions {
  /** Default `/socket.io`. */
  path?: string | undefined;
  /** A proxy in front keeps each client on one node: then clients without WebSocket may poll. */
  sticky?: boolean | undefined;
  /** Sockets of one caller, of one organization, of all, in one process. */
  callerSocketsMax?: number | undefined;
  organizationSocketsMax?: number | undefined;
  socketsMax?: number | undefined;
}

export interface SocketParts extends SocketOptions {
  dartwing: Dartwing;
  allowedOrigins?: readonly string[] | undefined;
  trustedProxies?: readonly string[] | undefined;
  log?: Log | undefined;
  clock?: Clock | undefined;
  /** Uniform random numbers in [0, 1), to spread what many sockets do. */
  random?: (() => number) | undefined;
}

/** What a node tells of itself. */
export interface SocketFacts {
  node: string;
  bus: { kind: string; state: 'ok' | 'degraded' };
  connections: number;
  /** That ever were. */
  connects: number;
  rooms: number;
  slow: number;
  events: number;
  delivered: number;
  skipped: number;
  denied: number;
  refused: number;
  /** Sockets reached, by event. */
  byEvent: ReadonlyMap<string, number>;
}

export interface Sockets {
  /** The node hears; sockets that came before that have waited. */
  readonly ready: Promise<void>;
  facts(): SocketFacts;
  /** Tells clients to come back elsewhere, closes them in groups within the time, and leaves the others. */
  close(drainMs: number): Promise<void>;
}

/** Attaches sockets to a server. */
export function attachSockets(host: HttpServer, parts: SocketParts): Sockets {
  const { dartwing, log = silentLog, clock = systemClock, random = Math.random, allowedOrigins = [] } = parts;
  const most = {
    sockets: parts.socketsMax ?? bounds.socketsMax,
    caller: parts.callerSocketsMax ?? bounds.callerSocketsMax,
    organization: parts.organizationSocketsMax ?? bounds.organizationSocketsMax,
  };
  const findAddress = addressFinder(parts.trustedProxies ?? []);
  const registry = openRegistry();
  const byEvent = new Map<string, number>();
  const counts = { connects: 0, denied: 0, refused: 0 };
  let draining = false;
  /** How often rights moved here: what was decided before such a moment is asked again. */
  let moves = 0;

  const io = new Server(host, {
    path: parts.path ?? '/socket.io',
    serveClient: false,
    transports: parts.sticky ? ['websocket', 'polling'] : ['websocket'],
    allowUpgrades: parts.sticky ?? false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: bounds.messageBytesMax,
    connectTimeout: bounds.handshakeMs,
    pingInterval: bounds.pingMs,
    pingTimeout: bounds.pongMs,
    cors: { origin: [...allowedOrigins], credentials: true },
    // Pages of other origins hold no token of ours; refusing them here keeps them from holding sockets.
    allowRequest: (request, answer) => {
      const isOpen = !draining && io.engine.clientsCount < most.sockets;
      answer(null, isOpen && isAllowedOrigin(request, allowedOrigins));
    },
  });

  const delivery = openDelivery({
    io,
    connections: registry.all,
    byAccount: registry.ofAccount,
    monotonicMs: clock.monotonicMs,
    onEvent: (event, sockets) => {
      // Programs choose the names of their events; metrics hold only so many.
      const name = byEvent.has(event) || byEvent.size < bounds.eventNamesMax ? event : '__other__';
      byEvent.set(name, (byEvent.get(name) ?? 0) + sockets);
    },
  });
  const verification = openVerification({
    dartwing,
    node: () => node,
    log,
    events: () => delivery.counts.events,
    hasRoom: (_, organization) =>
      (io.of('/').adapter.rooms.get(`${organization}|org`)?.size ?? 0) < most.organization,
    onKnown: registry.know,
  });

  const doubt = (connections: Iterable<Connection>): void => {
    for (const connection of connections) {
      mute(connection, delivery.counts.events);
      verification.request(connection);
    }
  };
  const node: RealtimeNode = dartwing.realtime.node({
    onEvents: delivery.deliver,
    onMoved: (holders) => {
      moves += 1;
      if (holders.includes('*')) return doubt(registry.all.values());
      for (const holder of holders) {
        doubt(registry.ofHolder(holder));
        if (holder.startsWith('ORG-')) doubt(registry.ofOrganization(holder));
      }
    },
    onGap: () => {
      moves += 1;
      for (const connection of registry.all.values()) {
        mute(connection, -1);
        // Not all at once: each of them reads its rights, and its client will read its feed.
        setTimeout(() => verification.request(connection), random() * spreadOf(registry.all.size)).unref();
      }
    },
    sockets: () => registry.all.size,
    onRefused: (reason) => {
      counts.refused += 1;
      log.warn({ reason }, 'a message of another publisher was refused');
    },
  });

  /** Proves who connects, until nothing moved while it was looked up. */
  const admit = async (socket: Socket): Promise<void> => {
    const { auth, headers, address: peer } = socket.handshake;
    const address = findAddress(peer, headers['x-forwarded-for'] as string | undefined);
    const authorization = authorizationOf(auth, headers.authorization);
    await node.ready;
    const allowance = await dartwing.quota.admit({ principal: undefined, address, kind: 'general' });
    if (allowance?.allowed === false)
      throw new DartwingError('RATE_LIMITED', { limit: allowance.limit, seconds: allowance.windowSeconds });
    if (authorization === undefined) throw new DartwingError('UNAUTHENTICATED');
    let connection: Connection;
    let movesBefore: number;
    do {
      movesBefore = moves;
      const caller = await dartwing.identity.authenticate({ authorization, address });
      connection = connectionOf(socket, caller, authorization, address);
    } while (moves !== movesBefore);
    const count = registry.ofHolder(connection.caller.principal.id).length;
    if (count >= most.caller)
      throw new DartwingError('REALTIME_LIMIT', { limit: most.caller, what: 'sockets of one caller' });
    registry.add(connection);
    counts.connects += 1;
    try {
      await verification.decide(connection);
      if (socket.conn.readyState !== 'open') throw new DartwingError('UNAUTHENTICATED');
    } catch (error) {
      forget(connection);
      throw error;
    }
  };

  const forget = (connection: Connection): void => {
    registry.remove(connection);
    delivery.forget(connection);
    const { socket, channels } = connection;
    if ([...channels.values()].some(({ present }) => present) && !draining)
      void node.presence.leave(socket.id).catch((error: unknown) => log.warn({ err: error }, 'presence'));
  };

  io.use((socket, next) => {
    admit(socket).then(
      () => next(),
      (thrown: unknown) => {
        const { code, message, kind } = asDartwingError(thrown);
        counts.denied += 1;
        if (kind === 'internal') log.error({ err: thrown }, 'a socket could not be opened');
        const shown = kind === 'internal' ? 'Something went wrong here' : message;
        next(Object.assign(new Error(shown), { data: { code } }));
      },
    );
  });
  io.on('connection', (socket) => {
    const connection = registry.all.get(socket.id);
    if (connection === undefined) return void socket.disconnect(true);
    socket.on('disconnect', () => forget(connection));
    socket.conn.on('drain', () => delivery.drained(connection));
    hears({
      connection,
      registry,
      node,
      verification,
      dartwing,
      clock,
      log,
      onDenied: () => {
        counts.denied += 1;
      },
    });
    // The request that opened it is needed no more, and is the larger part of what an idle socket holds.
    Object.assign(socket.conn, { request: undefined });
    socket.emit('ready', {
      organizations: [...connection.organizations],
      account: connection.account ?? null,
      expires_at: Number.isFinite(connection.expiresAt) ? new Date(connection.expiresAt).toISOString() : null,
    });
  });

  const sweep = setInterval(() => {
    const now = clock.now().getTime();
    delivery.sweep(clock.monotonicMs());
    for (const connection of registry.all.values()) {
      const { socket, expiresAt, endsAt } = connection;
      if (socket.conn.readyState === 'closed' && !socket.connected) forget(connection);
      else if (expiresAt <= now) {
        socket.emit('auth_expired', { code: 'TOKEN_EXPIRED' });
        socket.disconnect(true);
      } else if (endsAt <= now) {
        connection.endsAt = Number.POSITIVE_INFINITY;
        doubt([connection]);
      }
    }
  }, bounds.sweepMs);
  sweep.unref();

  return {
    ready: node.ready,
    facts: () => ({
      node: node.id,
      bus: { kind: node.bus.kind, state: node.bus.state() },
      connections: registry.all.size,
      rooms: [...io.of('/').adapter.rooms.keys()].filter(isRoom).length,
      slow: delivery.slow,
      events: delivery.counts.events,
      delivered: delivery.counts.delivered,
      skipped: delivery.counts.skipped,
      ...counts,
      byEvent,
    }),
    close: async (drainMs) => {
      draining = true;
      clearInterval(sweep);
      const sockets = [...registry.all.values()].map(({ socket }) => socket);
      for (const socket of sockets)
        socket.emit('reconnect_soon', { delay_ms: Math.round(random() * spreadOf(sockets.length)) });
      const pauseMs = Math.min(bounds.drainPauseMs, (drainMs * bounds.drainBatch) / (sockets.length + 1));
      for (let at = 0; at < sockets.length; at += bounds.drainBatch) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        for (const socket of sockets.slice(at, at + bounds.drainBatch)) socket.disconnect(true);
      }
      verification.close();
      io.disconnectSockets(true);
      io.engine.close();
      await node.close();
    },
  };
}

/** So long many sockets take for what they do at the same time: the whole time only when there are many. */
function spreadOf(sockets: number): number {
  return Math.min(bounds.resyncSpreadMs, sockets);
}

/** Whoever names no origin is no page; a page of this host, or of one on the list, may come in. */
function isAllowedOrigin({ headers }: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
