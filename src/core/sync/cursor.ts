/**
 * Cursors of the feed: what a client has, sealed so that it cannot be changed or used by somebody else. The client
 * sees a text it keeps; everything the server needs to go on is in it, so nothing of it is stored.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { DartwingError } from '../errors.js';

/** One doctype of a feed, as it was when the cursor was made. */
export interface CursorDoctype {
  name: string;
  /** Fingerprints of the rights and of the form it was sent with. */
  rights: string;
  form: string;
  /** Changes up to this number came with the first sync of this doctype. */
  floor: number;
}

export interface Cursor {
  generation: string;
  /** Changes up to this number were sent. */
  seq: number;
  /** Second in which it was made. */
  at: number;
  doctypes: readonly CursorDoctype[];
  /** While documents are sent from their beginning: up to which number, of which doctypes, and how far it got. */
  first?:
    | { upTo: number; doctypes: readonly string[]; after: readonly [doctype: string, name: string] }
    | undefined;
  /** The last replay of its device that it has begun; 0 for none. */
  replay: number;
  /** While changes are sent once more: after which number, up to which one, of which doctypes. */
  again?: Again | undefined;
}

/** A part of the log that is sent once more. */
export interface Again {
  after: number;
  upTo: number;
  /** Null for all. */
  doctypes: readonly string[] | null;
}

/** Whose cursor it is. */
export interface CursorHolder {
  organization: string;
  principal: string;
}

const macBytes = 16;
/** Longer than the cursor of a feed of all doctypes. */
const cursorCharsMax = 32_768;

export function sealCursor(key: Buffer, holder: CursorHolder, cursor: Cursor): string {
  const { generation, seq, at, doctypes, first, replay, again } = cursor;
  const list = doctypes.map(({ name, rights, form, floor }) => [name, rights, form, floor]);
  const body = Buffer.from(
    JSON.stringify([
      1,
      generation,
      seq,
      at,
      list,
      first ? [first.upTo, first.doctypes, first.after] : 0,
      ...(replay > 0 || again ? [replay, again ? [again.after, again.upTo, again.doctypes] : 0] : []),
    ]),
  );
  return Buffer.concat([macOf(key, holder, body), body]).toString('base64url');
}

/** @throws SYNC_CURSOR_INVALID when it is no cursor, was changed, or belongs to somebody else */
export function openCursor(key: Buffer, holder: CursorHolder, text: string): Cursor {
  if (text.length > cursorCharsMax || !/^[\w-]+$/.test(text)) throw new DartwingError('SYNC_CURSOR_INVALID');
  const bytes = Buffer.from(text, 'base64url');
  const body = bytes.subarray(macBytes);
  const mac = bytes.subarray(0, macBytes);
  if (mac.length < macBytes || !timingSafeEqual(mac, macOf(key, holder, body)))
    throw new DartwingError('SYNC_CURSOR_INVALID');
  const [, generation, seq, at, list, first, replay = 0, again = 0] = JSON.parse(body.toString()) as [
    1,
    string,
    number,
    number,
    [string, string, string, number][],
    0 | [number, string[], [string, string]],
    number | undefined,
    0 | [number, number, string[] | null] | undefined,
  ];
  return {
    generation,
    seq,
    at,
    doctypes: list.map(([name, rights, form, floor]) => ({ name, rights, form, floor })),
    first: first === 0 ? undefined : { upTo: first[0], doctypes: first[1], after: first[2] },
    replay,
    again: again === 0 ? undefined : { after: again[0], upTo: again[1], doctypes: again[2] },
  };
}

function macOf(key: Buffer, { organization, principal }: CursorHolder, body: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([organization, principal]))
    .update('\n')
    .update(body)
    .digest()
    .subarray(0, macBytes);
}
