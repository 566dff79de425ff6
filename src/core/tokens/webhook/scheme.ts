/** How a service signs what it sends, as data of the catalogue, and the check of it. Pure. */
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import { z } from 'zod';
import { limits } from '../../limits.js';

const header = z.string().regex(/^[a-z][a-z0-9-]*$/, 'is the name of a header in lower case');
/** Where a fact stands: in a header, in one parameter of a header (`t=…,v1=…`), or in a member of the JSON body. */
const place = z.union([
  z.strictObject({ header, parameter: z.string().optional() }),
  z.strictObject({ body: z.string().min(1) }),
]);
type Place = z.output<typeof place>;

export const webhookSchema = z
  .strictObject({
    algorithm: z.enum(['hmac-sha256', 'ed25519']).default('hmac-sha256'),
    signature: z.strictObject({
      header,
      parameter: z.string().optional(),
      prefix: z.string().default(''),
      encoding: z.enum(['hex', 'base64']),
    }),
    /** What is signed, of `{timestamp}`, `{id}` and `{body}`. */
    signed: z.string().refine((text) => text.split('{body}').length === 2, 'holds {body} once'),
    /** Seconds since 1970; without it a delivery has no age, and what was received is remembered for good. */
    timestamp: place.optional(),
    /** What tells one delivery from another; it counts only where it is signed. */
    id: place.optional(),
    event: place.optional(),
    /** A first call that asks for a member of its body to be sent back: `{ type: url_verification, echo: challenge }`. */
    challenge: z.strictObject({ type: z.string(), echo: z.string() }).optional(),
  })
  .refine(({ signed, timestamp }) => signed.includes('{timestamp}') === (timestamp !== undefined), {
    message: 'has a timestamp where one is signed, and only there',
  });

export type WebhookScheme = z.output<typeof webhookSchema>;

/** What came in. Names of headers in lower case. */
export interface Delivered {
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer;
}

/** What a signature proves. */
export interface Proven {
  event: string | undefined;
  /** SHA-256 of what tells this delivery from others. */
  replayKey: Buffer;
  /** Until when it could come again and still be believed; undefined: for ever. */
  until: Date | undefined;
  challenge: Record<string, unknown> | undefined;
}

/**
 * Checks a delivery.
 * @param secrets any of which may have signed it; for Ed25519 public keys, raw or DER, in base64
 * @returns undefined when it is signed with none of them, too old, from the future, or not of the form
 */
export function proveDelivery(
  scheme: WebhookScheme,
  secrets: readonly string[],
  delivered: Delivered,
  now: Date,
): Proven | undefined {
  const { signature, timestamp: timePlace, challenge } = scheme;
  const given = readSignatures(signature, delivered);
  const members = readBody(delivered.body);
  const read = (at: Place | undefined) => (at === undefined ? undefined : readPlace(at, delivered, members));
  const timestamp = read(timePlace);
  const id = read(scheme.id);
  if (timePlace !== undefined && !isRecent(timestamp, now)) return undefined;
  const [before = '', after = ''] = scheme.signed.split('{body}');
  const fill = (text: string) =>
    text.replace(/\{(timestamp|id)\}/g, (_, name) => (name === 'id' ? id : timestamp) ?? '');
  const message = Buffer.concat([Buffer.from(fill(before)), delivered.body, Buffer.from(fill(after))]);
  if (!secrets.some((secret) => given.some((one) => isSignedBy(scheme, secret, message, one))))
    return undefined;
  const isIdSigned = id !== undefined && ('body' in scheme.id! || scheme.signed.includes('{id}'));
  const toleranceMs = limits.webhookToleranceMs;
  return {
    event: read(scheme.event)?.slice(0, limits.webhookEventCharsMax),
    // Services that come again sign the time anew: what they say is the same.
    replayKey: createHash('sha256')
      .update(isIdSigned ? 'id ' : 'body ')
      .update(isIdSigned ? id : delivered.body)
      .digest(),
    until: timestamp === undefined ? undefined : new Date(Number(timestamp) * 1000 + toleranceMs),
    challenge:
      challenge !== undefined && members?.type === challenge.type
        ? { [challenge.echo]: members[challenge.echo] }
        : undefined,
  };
}

function readSignatures(
  { header: name, parameter, prefix, encoding }: WebhookScheme['signature'],
  { headers }: Delivered,
): Buffer[] {
  const text = headers[name] ?? '';
  // Several while a secret is changed.
  const all = parameter === undefined ? [text.trim()] : parametersOf(text, parameter);
  return all
    .slice(0, limits.webhookSignaturesMax)
    .filter((one) => one.startsWith(prefix))
    .map((one) => Buffer.from(one.slice(prefix.length), encoding));
}

function isSignedBy(scheme: WebhookScheme, secret: string, message: Buffer, given: Buffer): boolean {
  if (scheme.algorithm === 'ed25519') {
    const key = publicKeyOf(secret);
    return key !== undefined && given.length === 64 && verify(null, message, key, given);
  }
  const expected = createHmac('sha256', secret).update(message).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** DER of an Ed25519 key up to its 32 bytes (RFC 8410). */
const ed25519Head = Buffer.from('302a300506032b6570032100', 'hex');

/** Undefined when it is no public key. */
export function publicKeyOf(text: string) {
  const bytes = Buffer.from(text, 'base64');
  const der = bytes.length === 32 ? Buffer.concat([ed25519Head, bytes]) : bytes;
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

function isRecent(timestamp: string | undefined, now: Date): boolean {
  if (timestamp === undefined || !/^\d{9,11}$/.test(timestamp)) return false;
  return Math.abs(now.getTime() - Number(timestamp) * 1000) <= limits.webhookToleranceMs;
}

function readPlace(
  at: Place,
  { headers }: Delivered,
  members: Record<string, unknown> | undefined,
): string | undefined {
  if ('header' in at) {
    const text = headers[at.header];
    return at.parameter === undefined || text === undefined ? text : parametersOf(text, at.parameter)[0];
  }
  let value: unknown = members;
  for (const name of at.body.split('.'))
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function parametersOf(text: string, name: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1));
}

/** The members of a JSON object; undefined for anything else, which may be signed as well. */
function readBody(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
