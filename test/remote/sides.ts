/** The two ways to the same verbs: beside the database, and through a server. */
import type { Dartwing, Principal } from '../../src/core/index.js';
import { connectDartwing, farOf, methods, type RemoteOptions } from '../../src/core/remote/index.js';
import type { Caller, World } from '../server/world.js';

/** The core of the server, for whoever the token proves. */
export function remoteOf(
  world: World,
  { authorization }: Caller,
  more: Partial<RemoteOptions> = {},
): Dartwing {
  return connectDartwing({
    url: 'http://localhost',
    token: () => authorization.replace(/^\w+ /, ''),
    fetch: (request) => world.server.fetch(request),
    ...more,
  });
}

/** The core in this process, with somebody as the caller of every verb. */
export function besideOf(world: World, principal: Principal): Dartwing {
  const found: Record<string, unknown> = {};
  for (const name of Object.keys(methods)) {
    const takes = farOf(name)?.takes;
    const at = takes?.indexOf('call') ?? -1;
    const path = name.split('.');
    const own = (room: unknown, part: string) => (room as Record<string, unknown>)[part];
    const method = (...args: unknown[]) => {
      const room = path.slice(0, -1).reduce(own, world.dartwing as unknown);
      if (at >= 0) args[at] = { ...(args[at] as object), principal, via: 'http' };
      return Reflect.apply(own(room, path.at(-1)!) as () => unknown, room, args);
    };
    let place = found;
    for (const part of path.slice(0, -1)) {
      place[part] ??= {};
      place = place[part] as Record<string, unknown>;
    }
    place[path.at(-1)!] = method;
  }
  return found as unknown as Dartwing;
}

/** What somebody is told, of a promise that fails. */
export async function refusalFrom(promise: Promise<unknown>) {
  const error = await promise.then(
    (value) => {
      throw new Error(`nothing was refused: ${JSON.stringify(value)}`);
    },
    (thrown: unknown) => thrown as Record<string, unknown>,
  );
  const { code, kind, message, why, fix, fields, retryAfterMs } = error;
  return { code, kind, message, why, fix, fields, retryAfterMs };
}
