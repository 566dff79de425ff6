/**
 * Events that programs of others put on Redis (`dartwing:realtime`): taken only with a signature, for one organization,
 * and only once. They go the way of all events, so who lost their rights hears none of them either.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../clock.js';
import { canonicalJson } from '../json.js';
import { bounds } from './bounds.js';
import type { Publication } from './publish.js';

const message = z.strictObject({
  organization: z.string().min(1).max(63),
  event: z.string(),
  message: z.json(),
  room: z.string().nullish(),
  user: z.string().nullish(),
  doctype: z.string().nullish(),
  docname: z.string().nullish(),
  id: z.string().regex(/^[\w:.-]{8,100}$/),
  at: z.iso.datetime({ offset: true }),
  sig: z.string(),
});

/** Why a message was not taken. */
export type Refusal = 'size' | 'form' | 'signature' | 'age';

export interface ExternalMessage {
  organization: string;
  publication: Publication;
}

/** Reads a message of another publisher. */
export function readExternal(text: string, key: string, clock: Clock): ExternalMessage | Refusal {
  if (Buffer.byteLength(text) > bounds.messageBytesMax + 4_096) return 'size';
  const parsed = message.safeParse(parseJson(text));
  if (!parsed.success) return 'form';
  const { sig, ...signed } = parsed.data;
  if (!isEqual(sig, signExternal(signed, key))) return 'signature';
  const { organization, at, room, user, doctype, docname, id, event, message: content } = signed;
  if (Math.abs(clock.now().getTime() - Date.parse(at)) > bounds.externalMsMax) return 'age';
  return {
    organization,
    publication: {
      event,
      message: content,
      id,
      room: room ?? undefined,
      user: user ?? undefined,
      doctype: doctype ?? undefined,
      docname: docname ?? undefined,
    },
  };
}

/** The signature of a message without its `sig`: HMAC-SHA-256 in hex over its canonical JSON (RFC 8785). */
export function signExternal(signed: Readonly<Record<string, unknown>>, key: string): string {
  const members = Object.fromEntries(Object.entries(signed).filter(([, value]) => value !== undefined));
  return createHmac('sha256', key).update(canonicalJson(members)).digest('hex');
}

function isEqual(given: string, mine: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(mine)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
