/** Asking anew what sockets may hear: some at a time, each until it is known or the socket is closed. */
import { isDartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import type { Log } from '../../core/log.js';
import {
  type Hearing,
  organizationRoom,
  presenceRoom,
  type RealtimeNode,
} from '../../core/realtime/index.js';
import { bounds } from './bounds.js';
import { type Connection, expiryOf, lostOrganizations, moveTo } from './connection.js';

export interface Verification {
  /** Asks for the rights of a socket that hears nothing until they are known. */
  request(connection: Connection): void;
  /** Decides once, for a socket that just came. @throws what signing in throws */
  decide(connection: Connection): Promise<void>;
  /** Whether an organization wants a stronger sign-in than the caller's. @throws MFA_REQUIRED */
  enter(connection: Connection, organization: string): Promise<void>;
  close(): void;
}

export interface VerificationParts {
  dartwing: Dartwing;
  node: () => Pick<RealtimeNode, 'hear' | 'presence'>;
  log: Log;
  /** Events so far. */
  events: () => number;
  /** Whether an organization still takes sockets here. */
  hasRoom: (connection: Connection, organization: string) => boolean;
  /** The account of a socket is known. */
  onKnown: (connection: Connection) => void;
}

export function openVerification(parts: VerificationParts): Verification {
  const { dartwing, log } = parts;
  const waiting = new Set<Connection>();
  let running = 0;
  let closed = false;

  const enter = (connection: Connection, organization: string) =>
    dartwing.identity.enter(connection.caller, organization);

  /** Reads the rights until none have moved meanwhile, then puts the socket into its rooms. */
  const settle = async (connection: Connection, askAgain: boolean): Promise<void> => {
    for (let tries = 0; tries < bounds.verifyTriesMax; tries++) {
      const { generation } = connection;
      if (askAgain && connection.isVerified) return;
      if (askAgain) {
        const { authorization, address } = connection;
        connection.caller = await dartwing.identity.authenticate({ authorization, address });
      }
      const subscriptions = [...connection.channels];
      const wishes = subscriptions.map(([, { wish }]) => wish);
      const hearing = await parts.node().hear(connection.caller.principal, wishes);
      const barred = await barredOf(connection, hearing);
      if (connection.generation !== generation) continue;
      // It was asked for twice, and the other one was quicker: what was subscribed to since then stays.
      if (askAgain && connection.isVerified) return;
      apply(connection, hearing, barred, subscriptions);
      return;
    }
    throw new Error('rights moved all the time');
  };

  /** Organizations of a hearing that the sign-in of the caller is not strong enough for. */
  const barredOf = async (connection: Connection, { organizations }: Hearing): Promise<Set<string>> => {
    const barred = new Set<string>();
    for (const { id, needsStrongSignIn } of organizations)
      if (needsStrongSignIn) await enter(connection, id).catch(() => barred.add(id));
    return barred;
  };

  const apply = (
    connection: Connection,
    hearing: Hearing,
    barred: ReadonlySet<string>,
    subscriptions: [string, { wish: { channel: string }; present: boolean }][],
  ): void => {
    const { socket } = connection;
    const open = hearing.organizations.filter(
      ({ id }) => !barred.has(id) && (connection.organizations.has(id) || parts.hasRoom(connection, id)),
    );
    const lost = lostOrganizations(connection, { organizations: open });
    const rooms = new Set(open.map(({ id }) => organizationRoom(id)));
    const gone: string[] = [];
    for (const [index, [name, { wish, present }]] of subscriptions.entries()) {
      const heard = hearing.channels[index];
      const known = connection.channels.get(name);
      if (known === undefined) continue;
      if (heard === undefined || barred.has(heard.organization ?? '')) {
        connection.channels.delete(name);
        if (present) gone.push(wish.channel);
        continue;
      }
      known.heard = heard;
      for (const room of heard.rooms) rooms.add(room);
      if (present) rooms.add(presenceRoom({ organization: heard.organization!, channel: wish.channel }));
    }
    const { mutedAt } = connection;
    connection.account = hearing.account;
    const isFirst = !connection.isKnown;
    const gained = open.some(({ id }) => !connection.organizations.has(id));
    connection.organizations = new Set(open.map(({ id }) => id));
    connection.isKnown = true;
    connection.expiresAt = expiryOf(connection.caller);
    connection.endsAt = hearing.endsAt;
    connection.isVerified = true;
    moveTo(connection, rooms);
    parts.onKnown(connection);
    for (const organization of lost) socket.emit('permission_revoked', { organization });
    if (gained && !isFirst) socket.emit('organizations', { organizations: [...connection.organizations] });
    if (gone.length > 0)
      parts
        .node()
        .presence.leave(socket.id, gone)
        .catch((error: unknown) => log.warn({ err: error }, 'presence'));
    connection.mutedAt = undefined;
    // The node may have been taken for dead, and who was present through it for gone.
    if (mutedAt !== undefined && mutedAt < 0) rejoin(connection);
    if (mutedAt === undefined || mutedAt === parts.events()) return;
    socket.emit('resync', { reason: mutedAt < 0 ? 'gap' : 'rights' });
  };

  const rejoin = ({ socket, account, channels }: Connection): void => {
    for (const { heard, present, wish } of channels.values()) {
      const { organization } = heard;
      if (!present || organization === undefined || account === undefined) continue;
      const place = { organization, channel: wish.channel };
      parts
        .node()
        .presence.join(place, socket.id, account)
        .catch((error: unknown) => log.warn({ err: error }, 'presence'));
    }
  };

  const again = async (connection: Connection): Promise<void> => {
    for (let tries = 1; !closed && connection.socket.connected; tries++) {
      try {
        return await settle(connection, true);
      } catch (error) {
        const isRefusal =
          isDartwingError(error) && (error.kind === 'unauthenticated' || error.kind === 'forbidden');
        if (isRefusal || tries >= bounds.verifyTriesMax) {
          connection.socket.emit('auth_expired', { code: isDartwingError(error) ? error.code : 'INTERNAL' });
          connection.socket.disconnect(true);
          return;
        }
        log.warn({ err: error }, 'rights of a socket could not be read');
        await new Promise((resolve) => setTimeout(resolve, bounds.verifyPauseMs));
      }
    }
  };

  const next = (): void => {
    for (const connection of waiting) {
      if (running >= bounds.verifyingMax || closed) return;
      waiting.delete(connection);
      running += 1;
      void again(connection).finally(() => {
        running -= 1;
        next();
      });
    }
  };

  return {
    request: (connection) => {
      waiting.add(connection);
      next();
    },
    decide: (connection) => settle(connection, false),
    enter,
    close: () => {
      closed = true;
      waiting.clear();
    },
  };
}
