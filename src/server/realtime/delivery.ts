/**
 * Events to the sockets of this node, and to no others: every node hears every event. A client that does not keep up gets
 * no more until it has read what waits, and is then told to look for itself; it costs the others nothing.
 */
import type { Server } from 'socket.io';
import { adminRoom, type Envelope } from '../../core/realtime/index.js';
import { bounds } from './bounds.js';
import { backlogOf, type Connection } from './connection.js';

export interface Delivery {
  deliver(events: readonly Envelope[]): void;
  /** A socket has read what waited. */
  drained(connection: Connection): void;
  /** Closes what is slow for too long. */
  sweep(now: number): void;
  forget(connection: Connection): void;
  /** Events so far, and what became of them. */
  readonly counts: { events: number; delivered: number; skipped: number; closed: number };
  readonly slow: number;
}

export interface DeliveryParts {
  io: Server;
  connections: ReadonlyMap<string, Connection>;
  byAccount(account: string): Iterable<Connection>;
  monotonicMs(): number;
  /** An event reached so many sockets. */
  onEvent(event: string, sockets: number): void;
}

export function openDelivery(parts: DeliveryParts): Delivery {
  const { io, connections } = parts;
  const counts = { events: 0, delivered: 0, skipped: 0, closed: 0 };
  const slow = new Set<Connection>();

  const tooSlow = (connection: Connection, isLarge: boolean): boolean => {
    if (connection.slowSince !== undefined) return true;
    const { messages, bytes } = backlogOf(connection);
    const most = isLarge ? bounds.waitingMessagesMax / 16 : bounds.waitingMessagesMax;
    if (messages <= most && bytes <= bounds.waitingBytesMax) return false;
    connection.slowSince = parts.monotonicMs();
    slow.add(connection);
    return true;
  };

  const reached = ({ to, organization }: Envelope): Set<string> => {
    const ids = new Set<string>();
    if ('rooms' in to) {
      const { rooms } = io.of('/').adapter;
      for (const room of to.rooms) for (const id of rooms.get(room) ?? []) ids.add(id);
    } else if ('user' in to) {
      for (const { socket, isVerified, organizations } of parts.byAccount(to.user))
        if (isVerified && (organization === 'SYSTEM' || organizations.has(organization))) ids.add(socket.id);
    } else {
      for (const [id, { isVerified }] of connections) if (isVerified) ids.add(id);
    }
    return ids;
  };

  const deliverOne = (envelope: Envelope): void => {
    const { id, event, message, to } = envelope;
    counts.events += 1;
    const ids = reached(envelope);
    if (ids.size === 0) {
      parts.onEvent(event, 0);
      return;
    }
    const isLarge = JSON.stringify(message).length > bounds.largeMessageBytes;
    const late: string[] = [];
    for (const socket of ids) {
      const connection = connections.get(socket);
      if (connection === undefined || tooSlow(connection, isLarge)) late.push(socket);
    }
    counts.skipped += late.length;
    counts.delivered += ids.size - late.length;
    parts.onEvent(event, ids.size - late.length);
    const rooms = 'rooms' in to ? [...to.rooms] : [...ids];
    io.local.to(rooms).except(late).emit(event, message, { id });
  };

  return {
    deliver: (events) => {
      for (const envelope of events) deliverOne(envelope);
    },
    drained: (connection) => {
      if (connection.slowSince === undefined || backlogOf(connection).messages > 0) return;
      connection.slowSince = undefined;
      slow.delete(connection);
      connection.socket.emit('resync', { reason: 'slow' });
    },
    sweep: (now) => {
      for (const connection of slow) {
        const { bytes } = backlogOf(connection);
        if (now - connection.slowSince! < bounds.slowMs && bytes <= bounds.slowBytesMax) continue;
        counts.closed += 1;
        connection.socket.disconnect(true);
      }
    },
    forget: (connection) => slow.delete(connection),
    counts,
    get slow() {
      return slow.size;
    },
  };
}

/** Whether a room key is one that metrics count; those that a socket has by itself are not. */
export function isRoom(key: string): boolean {
  return key.includes('|') || key === adminRoom;
}
