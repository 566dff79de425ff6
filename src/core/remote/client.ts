/** The core of a server, as the object that programs know: every method of the table is a call of its own. */
import type { Dartwing } from '../contract.js';
import { DartwingError } from '../errors.js';
import { type Door, openDoor, type RemoteOptions } from './door.js';
import { type Far, farOf, methods } from './methods.js';
import { encode, type Listener } from './wire.js';

export type { RemoteOptions } from './door.js';

/**
 * Connects to a server. Nothing is asked until the first call; who calls is proven with each of them.
 *
 * What works beside the database only (workers, transactions of one's own, a node for sockets) throws NEEDS_DATABASE;
 * properties that tell of the process of the core are absent.
 * @throws CONFIG_INVALID (no address of a server, or one that would send secrets over a network in the clear)
 */
export function connectDartwing(options: RemoteOptions): Dartwing {
  const door = openDoor(options);
  const remote: Record<string, unknown> = {};
  for (const name of Object.keys(methods)) {
    const far = farOf(name);
    const method = far === undefined ? refuser(name, options.url) : caller(name, far, door);
    place(remote, name.split('.'), method);
  }
  // Not enumerable: whoever lists what is there asks for nothing.
  const meter = refuser('metrics.meter', options.url);
  Object.defineProperty(remote.metrics, 'meter', { get: meter });
  remote.ready = door.ready;
  remote.close = door.close;
  return freezeAll(remote) as unknown as Dartwing;
}

function refuser(name: string, url: string): Listener {
  return () => {
    throw new DartwingError('NEEDS_DATABASE', { what: name, url: new URL(url).origin });
  };
}

function caller(name: string, far: Far, door: Door): Listener {
  return (...given: unknown[]) => {
    const heard: Listener[] = [];
    const signals: AbortSignal[] = [];
    const hear = (listener: Listener) => heard.push(listener) - 1;
    const args = given.map((arg, index) => {
      const word = far.takes[index];
      for (const signal of signalsIn(arg)) signals.push(signal);
      return encode(word === 'call' ? ofCall(arg) : arg, { hear });
    });
    const { idempotencyKey } = (given[far.takes.indexOf('call')] ?? {}) as { idempotencyKey?: string };
    const asking = { name, far, args, hasKey: idempotencyKey !== undefined, heard, signals };
    return far.does === 'streams' ? door.stream(asking) : door.call(asking);
  };
}

/** Who calls and through which door is known to the server alone. */
function ofCall(given: unknown): unknown {
  const {
    principal: _,
    via: __,
    requestId: ___,
    witness: ____,
    ...told
  } = (given ?? {}) as Record<string, unknown>;
  return told;
}

function signalsIn(arg: unknown): AbortSignal[] {
  if (arg instanceof AbortSignal) return [arg];
  if (typeof arg !== 'object' || arg === null) return [];
  return Object.values(arg).filter((part) => part instanceof AbortSignal);
}

function place(object: Record<string, unknown>, [first, ...rest]: string[], method: Listener): void {
  if (first === undefined) return;
  if (rest.length === 0) {
    object[first] = method;
    return;
  }
  object[first] ??= {};
  place(object[first] as Record<string, unknown>, rest, method);
}

function freezeAll<T extends object>(object: T): T {
  for (const part of Object.values(object)) if (typeof part === 'object' && part !== null) freezeAll(part);
  return Object.freeze(object);
}
