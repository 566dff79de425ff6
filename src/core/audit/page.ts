/**
 * Proves entries by the page. It accepts what `advance` of walk.ts accepts and nothing else, and takes a fraction of its
 * time: a page comes as a few long texts, hashes are taken from one buffer, and no object is made of an entry. Whatever it
 * cannot accept at once is read again and judged there. Pure.
 */
import { hash } from 'node:crypto';
import { limits } from '../limits.js';
import { auditBounds } from './bounds.js';
import { lengthPrefixed } from './chain.js';
import { instantMicros, instantText } from './instant.js';
import { appendLeaf } from './merkle.js';
import { isBodyOf } from './page-columns.js';
import type { Position } from './walk.js';

/** Entries as they are read together. Texts of one column stand in a row with `pageSeparator` between them. */
export interface EventPage {
  readonly entries: number;
  /** 8 bytes of each: its number. */
  readonly seqs: Buffer;
  /** 8 bytes of each: microseconds since 2000. */
  readonly times: Buffer;
  /** 32 bytes of each. */
  readonly leaves: Buffer;
  readonly chains: Buffer;
  readonly bodies: string;
  readonly action: string;
  readonly actor_type: string;
  readonly actor_id: string;
  readonly via: string;
  readonly doctype: string;
  readonly document_name: string;
  /** A letter of each: t or f. */
  readonly is_phi: string;
  /** Empty where there is none, else with a full stop before it. */
  readonly request_id: string;
}

/** No canonical JSON holds it; a column that does is left to the slow walk. */
export const pageSeparator = '\u001f';

const epochMicros = 946_684_800_000_000;
const hashBytes = 32;
const bodyAt = 1;

/** Reused by every page: nothing here waits in between. */
const leafBytes = Buffer.allocUnsafe(limits.auditBodyBytesMax * 3 + 1024);
const linkBytes = Buffer.alloc(1 + 2 * hashBytes);
linkBytes[0] = 0x02;

/** A page that can be proven, from any entry to any other. */
export interface ProvablePage {
  /** Number and time of the last entry. */
  readonly last: { readonly seq: number; readonly at: string };
  /** There was none behind it when it was read. */
  readonly isLast: boolean;
  /** The position after the entries up to `seq`, or undefined when one does not follow. */
  prove(position: Position, seq: number): Position | undefined;
}

/** Undefined when the page is none that can be proven so. */
export function openPage(organization: string, page: EventPage): ProvablePage | undefined {
  const { entries } = page;
  const split = (text: string) => text.split(pageSeparator);
  const bodies = split(page.bodies);
  const columns = {
    organization,
    action: split(page.action),
    actor_type: split(page.actor_type),
    actor_id: split(page.actor_id),
    via: split(page.via),
    doctype: split(page.doctype),
    document_name: split(page.document_name),
    is_phi: page.is_phi,
    request_id: split(page.request_id),
  };
  const isEven = [bodies, ...Object.values(columns).filter((each) => typeof each !== 'string')].every(
    ({ length }) => length === entries,
  );
  const sizes = [page.seqs, page.times].every(({ length }) => length === entries * 8);
  const hashes = [page.leaves, page.chains].every(({ length }) => length === entries * hashBytes);
  if (!isEven || !sizes || !hashes || page.is_phi.length !== entries) return undefined;
  const seqOf = (index: number) => number64(page.seqs, index);
  const microsOf = (index: number) => number64(page.times, index) + epochMicros;
  const place = placeOf(organization);
  const first = seqOf(0);

  const prove = (position: Position, until: number): Position | undefined => {
    let { seq, at, leaf, chain, frontier } = position;
    let micros = Number(instantMicros(at));
    const clock = clockText();
    for (let index = seq + 1 - first; seq < until; index++) {
      if (index < 0 || index >= entries || seqOf(index) !== seq + 1) return undefined;
      const now = microsOf(index);
      if (!(now > micros) || !Number.isSafeInteger(now)) return undefined;
      const body = bodies[index]!;
      if (!isBodyOf(body, columns, index)) return undefined;
      at = clock(now);
      const size = place.write(body, seq + 1, at);
      if (size === undefined) return undefined;
      leaf = hash('sha256', leafBytes.subarray(0, size), 'buffer');
      chain.copy(linkBytes, 1);
      leaf.copy(linkBytes, 1 + hashBytes);
      chain = hash('sha256', linkBytes, 'buffer');
      const stored = index * hashBytes;
      if (page.leaves.compare(leaf, 0, hashBytes, stored, stored + hashBytes) !== 0) return undefined;
      if (page.chains.compare(chain, 0, hashBytes, stored, stored + hashBytes) !== 0) return undefined;
      frontier = appendLeaf(frontier, seq, leaf);
      seq += 1;
      micros = now;
    }
    return { seq, at, leaf, chain, frontier };
  };
  const lastMicros = microsOf(entries - 1);
  if (!Number.isSafeInteger(lastMicros)) return undefined;
  const last = { seq: seqOf(entries - 1), at: instantText(BigInt(lastMicros)) };
  return { last, isLast: entries < auditBounds.pageEntries, prove };
}

/** Writes what is hashed of an entry (chain.ts) into `leafBytes`; undefined when there is no room for it. */
function placeOf(organization: string) {
  const owner = lengthPrefixed(organization);
  leafBytes[0] = 0x00;
  return {
    write(body: string, seq: number, at: string): number | undefined {
      if (body.length * 3 + owner.length + 64 > leafBytes.length) return undefined;
      let end = bodyAt + leafBytes.write(body, bodyAt, 'utf8');
      leafBytes[end++] = 0x00;
      end += owner.copy(leafBytes, end);
      end = leafBytes.writeUInt32BE(Math.floor(seq / 2 ** 32), end);
      end = leafBytes.writeUInt32BE(seq % 2 ** 32, end);
      end = leafBytes.writeUInt32BE(at.length, end);
      return end + leafBytes.write(at, end, 'latin1');
    },
  };
}

/** Instant texts of microseconds that mostly have their millisecond in common with the one before. */
function clockText(): (micros: number) => string {
  let known = Number.NaN;
  let text = '';
  return (micros) => {
    const milliseconds = Math.floor(micros / 1000);
    if (milliseconds !== known) {
      known = milliseconds;
      text = instantText(BigInt(milliseconds) * 1000n).slice(0, -4);
    }
    return `${text}${String(micros - milliseconds * 1000).padStart(3, '0')}Z`;
  };
}

function number64(bytes: Buffer, index: number): number {
  return bytes.readInt32BE(index * 8) * 2 ** 32 + bytes.readUInt32BE(index * 8 + 4);
}
