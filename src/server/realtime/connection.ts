/** What is known of one socket. */
import type { Socket } from 'socket.io';
import type { Caller } from '../../core/index.js';
import type { HeardChannel, Hearing, Wish } from '../../core/realtime/index.js';
import { bounds } from './bounds.js';

export interface Subscription {
  wish: Wish;
  heard: HeardChannel;
  /** Whether it is present there. */
  present: boolean;
}

export interface Connection {
  readonly socket: Socket;
  caller: Caller;
  /** What the caller proved it with: asked again when rights move. */
  authorization: string;
  readonly address: string | undefined;
  account: string | undefined;
  /** Organizations whose news it hears. */
  organizations: ReadonlySet<string>;
  /** By name and organization of the channel, as the client knows it. */
  readonly channels: Map<string, Subscription>;
  /** Rooms it is in, besides its own. */
  rooms: ReadonlySet<string>;
  /** Grows whenever what was decided may not hold any more. */
  generation: number;
  /** Its rights were known once. */
  isKnown: boolean;
  /** Its rights are known. Until then it hears nothing. */
  isVerified: boolean;
  /** Count of events when it began to hear nothing; -1 when it missed some before that. */
  mutedAt: number | undefined;
  /** When token or rights end by themselves, in milliseconds. */
  expiresAt: number;
  endsAt: number;
  /** Since when it is too slow, by the monotonic clock. */
  slowSince: number | undefined;
  /** Messages it may still send at once, as of a moment. */
  allowance: { left: number; at: number };
}

export function connectionOf(
  socket: Socket,
  caller: Caller,
  authorization: string,
  address: string | undefined,
): Connection {
  return {
    socket,
    caller,
    authorization,
    address,
    account: undefined,
    organizations: new Set(),
    channels: new Map(),
    rooms: new Set(),
    generation: 0,
    isKnown: false,
    isVerified: false,
    mutedAt: undefined,
    expiresAt: expiryOf(caller),
    endsAt: Number.POSITIVE_INFINITY,
    slowSince: undefined,
    allowance: { left: bounds.messagesMax, at: 0 },
  };
}

/** When what proved a caller ends; an API key is asked for when it changes. */
export function expiryOf({ identity }: Caller): number {
  return identity?.expiresAt.getTime() ?? Number.POSITIVE_INFINITY;
}

/** By which name the access room tells of a change. */
export function holderOf({ caller }: Connection): string {
  return caller.principal.id;
}

/** Puts a socket into the rooms it may be in, and out of all others. */
export function moveTo(connection: Connection, rooms: ReadonlySet<string>): void {
  const { socket } = connection;
  for (const room of connection.rooms) if (!rooms.has(room)) void socket.leave(room);
  for (const room of rooms) if (!connection.rooms.has(room)) void socket.join(room);
  connection.rooms = rooms;
}

/** Lets a socket hear nothing until its rights are known again. */
export function mute(connection: Connection, eventsSoFar: number): void {
  connection.generation += 1;
  connection.mutedAt = eventsSoFar < 0 ? eventsSoFar : (connection.mutedAt ?? eventsSoFar);
  connection.isVerified = false;
  moveTo(connection, new Set());
}

/** Messages that wait for the client, and their bytes as far as the operating system has not taken them. */
export function backlogOf({ socket }: Connection): { messages: number; bytes: number } {
  const { writeBuffer, transport } = socket.conn as unknown as {
    writeBuffer: readonly unknown[];
    transport?: { socket?: { bufferedAmount?: number } };
  };
  return { messages: writeBuffer.length, bytes: transport?.socket?.bufferedAmount ?? 0 };
}

/** Organizations that a hearing lost. */
export function lostOrganizations(connection: Connection, hearing: Pick<Hearing, 'organizations'>): string[] {
  const now = new Set(hearing.organizations.map(({ id }) => id));
  return [...connection.organizations].filter((id) => !now.has(id));
}
