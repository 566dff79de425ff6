/**
 * Canonical JSON (RFC 8785): one value, one text, so that its bytes can be hashed and signed.
 */

/** Deepest nesting that is encoded; a cycle ends here instead of in a stack overflow. */
const depthMax = 64;

/**
 * Encodes a JSON value in its canonical form: keys sorted by UTF-16 code units, numbers as ECMAScript prints
 * them, no white space (RFC 8785 §3.2).
 *
 * Only what JSON can say is accepted: null, booleans, finite numbers, well-formed strings, arrays and plain
 * objects. Everything that `JSON.stringify` would silently drop or convert is refused.
 * @throws TypeError that names the path of undefined, NaN, infinities, bigint, functions, symbols, lone
 * surrogates, holes, objects with `toJSON` (a Date) or a class, or nesting beyond 64 levels.
 */
export function canonicalJson(value: unknown): string {
  return encode(value, '$', 0);
}

function encode(value: unknown, path: string, depth: number): string {
  if (depth > depthMax) throw new TypeError(`${path} is nested deeper than ${depthMax} levels`);
  switch (typeof value) {
    case 'string':
      return encodeString(value, path);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${path} is ${value}, which JSON has no form for`);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? encodeArray(value, path, depth) : encodeObject(value, path, depth);
    default:
      throw new TypeError(`${path} is ${typeof value}, which JSON has no form for`);
  }
}

function encodeString(text: string, path: string): string {
  // JSON.stringify would write a lone surrogate as an escape; RFC 8785 §3.2.2.2 wants an error.
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`${path} contains half of a surrogate pair`);
  return JSON.stringify(text);
}

function encodeArray(items: readonly unknown[], path: string, depth: number): string {
  const parts: string[] = [];
  for (let index = 0; index < items.length; index++) {
    parts.push(encode(items[index], `${path}[${index}]`, depth + 1));
  }
  return `[${parts.join(',')}]`;
}

function encodeObject(object: object, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== null && prototype !== Object.prototype) {
    throw new TypeError(`${path} is a ${object.constructor.name}, not a plain object`);
  }
  const members = object as Readonly<Record<string, unknown>>;
  if (typeof members.toJSON === 'function') throw new TypeError(`${path} has a toJSON of its own`);
  // The default sort compares UTF-16 code units, as RFC 8785 §3.2.3 asks.
  const parts = Object.keys(members)
    .sort()
    .map((key) => `${encodeString(key, path)}:${encode(members[key], `${path}.${key}`, depth + 1)}`);
  return `{${parts.join(',')}}`;
}
