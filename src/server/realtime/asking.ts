/** What a client may ask over its socket: to hear a channel, to hear it no more, and to go on with a new token. */
import { z } from 'zod';
import { asDartwingError, DartwingError } from '../../core/errors.js';
import type { Clock, Dartwing } from '../../core/index.js';
import { parseInput } from '../../core/input.js';
import type { Log } from '../../core/log.js';
import { type HeardChannel, presenceRoom, type RealtimeNode } from '../../core/realtime/index.js';
import { bounds } from './bounds.js';
import { type Connection, expiryOf, moveTo, type Subscription } from './connection.js';
import type { Registry } from './registry.js';
import type { Verification } from './verification.js';

const subscribing = z.strictObject({
  channel: z.string().min(1).max(400),
  organization: z.string().min(1).max(63).optional(),
  presence: z.boolean().optional(),
});
const refreshing = z.strictObject({ token: z.string().min(1).max(16_384) });

export interface AskingParts {
  connection: Connection;
  registry: Registry;
  node: RealtimeNode;
  verification: Verification;
  dartwing: Dartwing;
  clock: Clock;
  log: Log;
  onDenied: () => void;
}

/** The header that a handshake stands for: a token, or an API key as `id:secret`. */
export function authorizationOf(
  auth: Readonly<Record<string, unknown>>,
  header: string | undefined,
): string | undefined {
  if (typeof auth.token === 'string' && auth.token !== '') return `Bearer ${auth.token}`;
  if (typeof auth.key === 'string' && auth.key !== '') return `token ${auth.key}`;
  return header;
}

/** Answers what the client of a connection asks; each with `{ ok: true, … }` or `{ error: { code, message } }`. */
export function hears(parts: AskingParts): void {
  const { connection, log } = parts;
  const { socket } = connection;
  const verbs: Readonly<Record<string, (given: unknown) => Promise<object>>> = {
    subscribe: (given) => subscribe(parts, given),
    unsubscribe: (given) => unsubscribe(parts, given),
    refresh: (given) => refresh(parts, given),
  };
  socket.use(([event], next) => {
    const over = spend(connection, parts.clock.monotonicMs());
    if (over > bounds.messagesOverMax) return void socket.disconnect(true);
    if (over <= 0 && Object.hasOwn(verbs, String(event))) return next();
    const code = over > 0 ? 'RATE_LIMITED' : 'VALIDATION_ERROR';
    next(Object.assign(new Error(`${String(event).slice(0, 80)} is not taken`), { data: { code } }));
  });
  // Socket.IO gives refusals of the line above to this; unheard they would end the process.
  socket.on('error', (error: Error & { data?: object }) => {
    socket.emit('refused', { ...error.data, message: error.message });
  });
  for (const [name, run] of Object.entries(verbs)) {
    socket.on(name, (given: unknown, ack: unknown) => {
      const answer = typeof ack === 'function' ? (document: object) => void ack(document) : () => {};
      run(given).then(
        (document) => answer({ ok: true, ...document }),
        (thrown: unknown) => {
          const { code, kind, message } = asDartwingError(thrown);
          if (kind === 'forbidden') parts.onDenied();
          if (kind === 'internal') log.error({ err: thrown }, 'a socket was not answered');
          answer({ error: { code, message: kind === 'internal' ? 'Something went wrong here' : message } });
        },
      );
    });
  }
}

/** Takes one message from the allowance; gives how many it is over. */
function spend(connection: Connection, now: number): number {
  const { left, at } = connection.allowance;
  const grown =
    at === 0 ? left : Math.min(bounds.messagesMax, left + ((now - at) / 1_000) * bounds.messagesPerSecond);
  connection.allowance = { left: grown - 1, at: now };
  return Math.ceil(1 - grown);
}

async function subscribe(parts: AskingParts, given: unknown): Promise<object> {
  const { connection, node } = parts;
  const { presence = false, ...wish } = parseInput(
    subscribing,
    typeof given === 'string' ? { channel: given } : given,
  );
  const name = nameOf(wish);
  if (connection.channels.size >= bounds.channelsMax && !connection.channels.has(name))
    throw new DartwingError('REALTIME_LIMIT', { limit: bounds.channelsMax, what: 'channels of one socket' });
  const heard = await decide(parts, wish, (found) => {
    const known = connection.channels.get(name);
    const present = presence && found.organization !== undefined && connection.account !== undefined;
    const subscription: Subscription = { wish, heard: found, present: present || (known?.present ?? false) };
    connection.channels.set(name, subscription);
    const rooms = [...connection.rooms, ...found.rooms];
    if (subscription.present)
      rooms.push(presenceRoom({ organization: found.organization!, channel: wish.channel }));
    moveTo(connection, new Set(rooms));
  });
  const { organization } = heard;
  const answer = { channel: wish.channel, ...(organization === undefined ? {} : { organization }) };
  if (!presence || organization === undefined || connection.account === undefined) return answer;
  const place = { organization, channel: wish.channel };
  return { ...answer, present: await node.presence.join(place, connection.socket.id, connection.account) };
}

/** Asks what may be heard until the rights hold still, and joins in the same breath. @throws CHANNEL_DENIED, MFA_REQUIRED */
async function decide(
  { connection, node, verification }: AskingParts,
  wish: Subscription['wish'],
  join: (heard: HeardChannel) => void,
): Promise<HeardChannel> {
  for (let tries = 0; tries < bounds.verifyTriesMax; tries++) {
    const { generation } = connection;
    const [heard] = (await node.hear(connection.caller.principal, [wish])).channels;
    if (heard?.organization !== undefined) await verification.enter(connection, heard.organization);
    if (!connection.socket.connected) throw new DartwingError('UNAUTHENTICATED');
    if (connection.generation !== generation || !connection.isVerified) {
      await new Promise((resolve) => setTimeout(resolve, bounds.drainPauseMs));
      continue;
    }
    if (heard === undefined)
      throw new DartwingError('CHANNEL_DENIED', { channel: wish.channel.slice(0, 80) });
    join(heard);
    return heard;
  }
  throw new DartwingError('CHANNEL_DENIED', { channel: wish.channel.slice(0, 80) });
}

async function unsubscribe({ connection, node }: AskingParts, given: unknown): Promise<object> {
  const { channel, organization } = parseInput(
    subscribing,
    typeof given === 'string' ? { channel: given } : given,
  );
  const name = nameOf({ channel, organization });
  const known = connection.channels.get(name);
  if (known === undefined) return { channel };
  connection.channels.delete(name);
  const kept = new Set([...connection.channels.values()].flatMap(roomsOf));
  const ended = roomsOf(known).filter((room) => !kept.has(room) && !isOwn(connection, room));
  moveTo(connection, new Set([...connection.rooms].filter((room) => !ended.includes(room))));
  if (known.present) await node.presence.leave(connection.socket.id, [channel]);
  return { channel };
}

function roomsOf({ heard, present, wish }: Subscription): string[] {
  if (!present) return [...heard.rooms];
  return [...heard.rooms, presenceRoom({ organization: heard.organization!, channel: wish.channel })];
}

/** The rooms of its organizations a socket is in without asking. */
function isOwn({ organizations }: Connection, room: string): boolean {
  return room.endsWith('|org') && organizations.has(room.slice(0, -'|org'.length));
}

async function refresh({ connection, dartwing }: AskingParts, given: unknown): Promise<object> {
  const { token } = parseInput(refreshing, given);
  const authorization = `Bearer ${token}`;
  const { address } = connection;
  const caller = await dartwing.identity.authenticate({ authorization, address });
  if (caller.principal.id !== connection.caller.principal.id)
    throw new DartwingError('PERMISSION_DENIED', {
      actor: caller.principal.id,
      action: 'go on with',
      ref: 'Socket of another caller',
    });
  Object.assign(connection, { caller, authorization, expiresAt: expiryOf(caller) });
  return { expires_at: new Date(connection.expiresAt).toISOString() };
}

/** One channel has one name per organization. */
function nameOf({ channel, organization }: { channel: string; organization?: string | undefined }): string {
  return `${organization ?? ''} ${channel}`;
}
