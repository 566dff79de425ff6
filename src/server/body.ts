/** Reading bodies: bounded, JSON only, and nothing in them that could not be kept. */
import { DartwingError } from '../core/errors.js';
import { bounds } from './bounds.js';

/**
 * The JSON value of a request; undefined when it has no body.
 * @throws BODY_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED, BODY_INVALID
 */
export async function readJson(request: Request): Promise<unknown> {
  const text = await readText(request);
  if (text === '') return undefined;
  const type = typeOf(request);
  if (type !== 'application/json' && !/^application\/[\w.+-]+\+json$/.test(type))
    throw new DartwingError('MEDIA_TYPE_UNSUPPORTED', { type: type.slice(0, 80) });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DartwingError('BODY_INVALID', { message: 'it is not JSON' });
  }
  requireKeepable(value);
  return value;
}

/** The fields of a form, each given once. @throws BODY_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED, BODY_INVALID */
export async function readForm(request: Request): Promise<unknown> {
  const text = await readText(request);
  const type = typeOf(request);
  if (type !== 'application/x-www-form-urlencoded')
    throw new DartwingError('MEDIA_TYPE_UNSUPPORTED', { type: type.slice(0, 80) });
  const fields = [...new URLSearchParams(text)];
  const value = Object.fromEntries(fields);
  if (Object.keys(value).length !== fields.length)
    throw new DartwingError('BODY_INVALID', { message: 'a field is given more than once' });
  requireKeepable(value);
  return value;
}

function typeOf(request: Request): string {
  return (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
}

/** The body as it came. @throws BODY_TOO_LARGE */
export async function readBytes(request: Request, limit: number): Promise<Buffer> {
  const tooLarge = () => new DartwingError('BODY_TOO_LARGE', { limit });
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  if (request.body === null) return Buffer.alloc(0);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += part.byteLength;
    if (bytes > limit) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** @throws BODY_TOO_LARGE, BODY_INVALID */
async function readText(request: Request): Promise<string> {
  const bytes = await readBytes(request, bounds.bodyBytesMax);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DartwingError('BODY_INVALID', { message: 'it is not UTF-8' });
  }
}

/**
 * Refuses what JSON can say and the database cannot keep: NUL, half surrogate pairs, and nesting without end.
 * @throws BODY_INVALID
 */
export function requireKeepable(value: unknown): void {
  const invalid = (message: string) => new DartwingError('BODY_INVALID', { message });
  let values = 0;
  const walk = (inner: unknown, depth: number): void => {
    if (depth > bounds.bodyDepthMax) throw invalid(`it is nested deeper than ${bounds.bodyDepthMax} levels`);
    if (++values > bounds.bodyValuesMax) throw invalid(`it has more than ${bounds.bodyValuesMax} values`);
    if (typeof inner === 'string') {
      if (!isKeepable(inner)) throw invalid('a text in it holds NUL or a broken character');
    } else if (Array.isArray(inner)) {
      for (const item of inner) walk(item, depth + 1);
    } else if (typeof inner === 'object' && inner !== null) {
      for (const [key, item] of Object.entries(inner)) {
        if (key === '__proto__' || !isKeepable(key)) throw invalid('a name in it cannot be used');
        walk(item, depth + 1);
      }
    }
  };
  walk(value, 0);
}

/** Whether PostgreSQL can keep a text. */
export function isKeepable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}
