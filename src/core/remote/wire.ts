/**
 * Values of calls as JSON. What JSON has no word for is an object of one key that begins with `$`; an object of ours that
 * looks like one is put into `{"$plain": …}`.
 */
import { DartwingError } from '../errors.js';

const depthMax = 64;

/** What cannot be carried but only stood for: a listener by its number, the signal that ends a call. */
export interface Places {
  /** Number of a function, under which it is called back. */
  hear?: ((listener: Listener) => number) | undefined;
  /** An error that is part of an answer. */
  error?: ((error: Error) => unknown) | undefined;
}

export type Listener = (...args: unknown[]) => unknown;

export interface Fillings {
  hear?: ((place: number) => Listener) | undefined;
  signal?: AbortSignal | undefined;
  error?: ((told: unknown) => Error) | undefined;
}

/** @throws VALIDATION_ERROR for what cannot be carried: functions where nobody hears them, endless nesting */
export function encode(value: unknown, places: Places = {}, depth = 0): unknown {
  if (depth > depthMax) throw unfit(`it is nested deeper than ${depthMax} levels`);
  const inner = (part: unknown) => encode(part, places, depth + 1);
  if (value === undefined) return { $undefined: true };
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  if (typeof value === 'function') {
    if (places.hear === undefined) throw unfit('a function cannot be sent');
    return { $hear: places.hear(value as Listener) };
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inner);
  const special = encodeSpecial(value, inner, places);
  if (special !== undefined) return special;
  const entries = Object.entries(value).flatMap(([name, part]) =>
    part === undefined ? [] : [[name, inner(part)] as const],
  );
  const plain = Object.fromEntries(entries);
  return looksSpecial(plain) ? { $plain: plain } : plain;
}

function encodeSpecial(value: object, inner: (part: unknown) => unknown, { error }: Places): unknown {
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (value instanceof Map) return { $map: inner([...value]) };
  if (value instanceof Set) return { $set: inner([...value]) };
  if (value instanceof URLSearchParams) return { $search: value.toString() };
  if (value instanceof AbortSignal) return { $signal: true };
  if (value instanceof Error && error !== undefined) return { $error: error(value) };
  return undefined;
}

/** @throws VALIDATION_ERROR for a special form that is none */
export function decode(value: unknown, fillings: Fillings = {}): unknown {
  const inner = (part: unknown) => decode(part, fillings);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inner);
  if (!looksSpecial(value)) return plainOf(value, inner);
  const [[form, told]] = Object.entries(value) as [[string, unknown]];
  switch (form) {
    case '$undefined':
      return undefined;
    case '$plain':
      if (typeof told === 'object' && told !== null) return plainOf(told, inner);
      break;
    case '$date':
      if (!Number.isNaN(Date.parse(String(told)))) return new Date(String(told));
      break;
    case '$bytes':
      return Buffer.from(String(told), 'base64');
    case '$bigint':
      if (/^-?\d{1,40}$/.test(String(told))) return BigInt(String(told));
      break;
    case '$number':
      return Number(told);
    case '$map':
    case '$set':
      if (Array.isArray(told)) return collectionOf(form, told.map(inner));
      break;
    case '$search':
      return new URLSearchParams(String(told));
    case '$signal':
      if (fillings.signal !== undefined) return fillings.signal;
      break;
    case '$hear':
      if (fillings.hear !== undefined && Number.isInteger(told)) return fillings.hear(told as number);
      break;
    case '$error':
      if (fillings.error !== undefined) return fillings.error(told);
      break;
  }
  throw unfit(`${form.slice(0, 40)} is not understood here`);
}

function collectionOf(form: '$map' | '$set', parts: unknown[]): unknown {
  if (form === '$set') return new Set(parts);
  if (parts.every((part) => Array.isArray(part) && part.length === 2))
    return new Map(parts as [unknown, unknown][]);
  throw unfit('$map is a list of pairs');
}

function plainOf(value: object, inner: (part: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inner(part)]));
}

function looksSpecial(value: object): boolean {
  const names = Object.keys(value);
  return names.length === 1 && names[0]!.startsWith('$');
}

function unfit(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', {
    message: `A value of the call cannot be carried: ${message}`,
  });
}
