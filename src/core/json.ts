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
  return encode(value, []);
}

/** @param trail keys and indexes on the way to the value, for errors only: nobody pays for texts that nobody reads */
function encode(value: unknown, trail: (string | number)[]): string {
  if (trail.length > depthMax)
    throw new TypeError(`${pathOf(trail)} is nested deeper than ${depthMax} levels`);
  switch (typeof value) {
    case 'string':
      return encodeString(value, trail);
    case 'number':
      if (!Number.isFinite(value))
        throw new TypeError(`${pathOf(trail)} is ${value}, which JSON has no form for`);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? encodeArray(value, trail) : encodeObject(value, trail);
    default:
      throw new TypeError(`${pathOf(trail)} is ${typeof value}, which JSON has no form for`);
  }
}

function encodeString(text: string, trail: readonly (string | number)[]): string {
  // JSON.stringify would write a lone surrogate as an escape; RFC 8785 §3.2.2.2 wants an error.
  if (!text.isWellFormed()) throw new TypeError(`${pathOf(trail)} contains half of a surrogate pair`);
  return JSON.stringify(text);
}

function encodeArray(items: readonly unknown[], trail: (string | number)[]): string {
  let text = '[';
  for (let index = 0; index < items.length; index++) {
    trail.push(index);
    text += `${index === 0 ? '' : ','}${encode(items[index], trail)}`;
    trail.pop();
  }
  return `${text}]`;
}

function encodeObject(object: object, trail: (string | number)[]): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== null && prototype !== Object.prototype) {
    throw new TypeError(`${pathOf(trail)} is a ${object.constructor.name}, not a plain object`);
  }
  const members = object as Readonly<Record<string, unknown>>;
  if (typeof members.toJSON === 'function') throw new TypeError(`${pathOf(trail)} has a toJSON of its own`);
  let text = '{';
  // The default sort compares UTF-16 code units, as RFC 8785 §3.2.3 asks.
  for (const key of Object.keys(members).sort()) {
    const name = encodeString(key, trail);
    trail.push(key);
    text += `${text === '{' ? '' : ','}${name}:${encode(members[key], trail)}`;
    trail.pop();
  }
  return `${text}}`;
}

function pathOf(trail: readonly (string | number)[]): string {
  return trail.reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : `${path}.${step}`),
    '$',
  );
}
