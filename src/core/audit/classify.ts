/**
 * Names the first fault of a trail from what is stored around it. Pure.
 *
 * What hashes can and cannot tell: an entry that was rewritten *with* its leaf and its chain value cannot be told
 * from a rewrite of the entry behind it, because only the link between the two is broken; the fault is then named
 * at the second of them. A trail that was rewritten from some entry to its end, head included, is consistent in
 * itself: only a copy of an earlier root outside the database finds that.
 */
import { entryLeaf, link } from './chain.js';
import type { Fault } from './fault.js';
import { advance, changedColumn, isWhole, linksTo, type Position, type StoredEvent } from './walk.js';

/** Places that are tried in each direction when an entry does not belong where it stands. */
const placesTriedMax = 1_000_000;

/**
 * @param position the last proven entry
 * @param window the stored entries from the first that does not follow it, in order; the more, the better the name
 * @param size number of entries the head tells of
 */
export function classify(position: Position, window: readonly StoredEvent[], size: number): Fault {
  const suspect = window[0]!;
  const place = position.seq + 1;
  if (suspect.seq < place) return extra(suspect, window, size);
  const successor = window.find((event) => linksTo(position.chain, event));
  if (suspect.seq > place) return missing(place, suspect, successor);
  const hasDouble = window.some((event) => event !== suspect && event.seq === place);
  if (hasDouble) return doubled(position, window, size);
  if (successor === suspect) return altered(position, suspect);
  const original = originalPlace(suspect, size);
  return successor === undefined
    ? replaced(position, window, original)
    : displaced(position, window, successor, original);
}

/** A second entry with a number that was already proven. */
function extra(suspect: StoredEvent, window: readonly StoredEvent[], size: number): Fault {
  const original = originalPlace(suspect, size);
  const moved =
    original !== undefined && original > suspect.seq && !window.some((event) => event.seq === original);
  return moved ? stray(suspect, original) : inserted(suspect, `A second entry has the number ${suspect.seq}`);
}

/** The number `place` is not there. */
function missing(place: number, next: StoredEvent, successor: StoredEvent | undefined): Fault {
  if (successor !== undefined) {
    return {
      ...about(successor),
      kind: 'reordering',
      seq: place,
      what: `Entry ${place} stands at ${successor.seq}`,
    };
  }
  const last = next.seq - 1;
  const what = last === place ? `Entry ${place} is gone` : `Entries ${place} to ${last} are gone`;
  return { kind: 'deletion', seq: place, what };
}

/** The hashes are those of the trail, so the content or a column was changed under them. */
function altered(position: Position, suspect: StoredEvent): Fault {
  const { seq } = suspect;
  if (!isWhole(suspect)) {
    const what = `The content of entry ${seq} is not what was hashed`;
    return { ...about(suspect), ...hashes(suspect.leaf, entryLeaf(suspect)), kind: 'change', seq, what };
  }
  const column = changedColumn(suspect);
  if (column !== undefined) {
    return {
      ...about(suspect),
      kind: 'change',
      seq,
      what: `The column ${column} of entry ${seq} is not that of its body`,
    };
  }
  return {
    ...about(suspect),
    kind: 'reordering',
    seq,
    what: `Entry ${seq} is not later than entry ${position.seq}`,
  };
}

/** Several entries share the number, and the first of them is not the trail's. */
function doubled(position: Position, window: readonly StoredEvent[], size: number): Fault {
  const suspect = window[0]!;
  const genuine = window.some((event) => advance(position, event) !== undefined);
  return genuine
    ? extra(suspect, window, size)
    : inserted(suspect, `Several entries have the number ${suspect.seq}`);
}

/** The entry that belongs here stands further on. */
function displaced(
  position: Position,
  window: readonly StoredEvent[],
  successor: StoredEvent,
  original: number | undefined,
): Fault {
  const suspect = window[0]!;
  const isCopy = isCopied(suspect, window) || (original !== undefined && original <= position.seq);
  const isMoved = original !== undefined && original !== suspect.seq;
  if (!isCopy && (isMoved || window.some((event) => linksTo(event.chain, suspect)))) {
    const what = `Entry ${suspect.seq} stands at ${successor.seq} and another stands in its place`;
    return { ...about(suspect), kind: 'reordering', seq: suspect.seq, what };
  }
  return inserted(
    suspect,
    `The entry numbered ${suspect.seq} is not of this trail; those behind it were moved on`,
  );
}

/** The entry that belongs here is nowhere to be seen. */
function replaced(position: Position, window: readonly StoredEvent[], original: number | undefined): Fault {
  const suspect = window[0]!;
  const { seq } = suspect;
  if (original === undefined || original === seq) return rewritten(position, suspect);
  const next = window[1];
  const shifted = next === undefined || isWhole(next, next.seq + original - seq);
  if (original > seq && shifted) {
    const what = `Entries ${seq} to ${original - 1} are gone and those behind them were renumbered`;
    return { kind: 'deletion', seq, what };
  }
  if (original < seq && shifted && !isCopyOfLast(position, suspect)) {
    const what = `Entries ${original} to ${seq - 1} are not of this trail; those behind them were moved on`;
    return { kind: 'insertion', seq: original, what };
  }
  if (original < seq || isCopied(suspect, window)) {
    return {
      ...about(suspect),
      kind: 'change',
      seq,
      what: `Entry ${seq} was overwritten with a copy of entry ${original}`,
    };
  }
  return stray(suspect, original);
}

function rewritten(position: Position, suspect: StoredEvent): Fault {
  const { seq } = suspect;
  const content = entryLeaf(suspect);
  const base = { ...about(suspect), kind: 'change', seq } as const;
  if (link(position.chain, content).equals(suspect.chain)) {
    return { ...base, ...hashes(content, suspect.leaf), what: `The leaf hash of entry ${seq} was changed` };
  }
  const checksum = hashes(link(position.chain, suspect.leaf), suspect.chain);
  if (!content.equals(suspect.leaf)) return { ...base, ...checksum, what: `Entry ${seq} was rewritten` };
  const what =
    seq === 1
      ? 'The checksum of entry 1 does not follow from the beginning of the trail'
      : `The checksum of entry ${seq} does not follow from entry ${seq - 1}: one of the two was rewritten with its hashes`;
  return { ...base, ...checksum, what };
}

function inserted(suspect: StoredEvent, what: string): Fault {
  return { ...about(suspect), kind: 'insertion', seq: suspect.seq, what };
}

function stray(suspect: StoredEvent, original: number): Fault {
  const what = `The entry numbered ${suspect.seq} is entry ${original}`;
  return { ...about(suspect), kind: 'reordering', seq: suspect.seq, what };
}

/** The number an entry's leaf was made for: nearest places first. */
function originalPlace(event: StoredEvent, size: number): number | undefined {
  const last = size + 1;
  const middle = Math.min(Math.max(event.seq, 1), last);
  for (let distance = 0; distance < Math.min(last, placesTriedMax); distance++) {
    for (const seq of [middle + distance, middle - distance]) {
      if (seq >= 1 && seq <= last && isWhole(event, seq)) return seq;
    }
  }
  return undefined;
}

function isCopied(suspect: StoredEvent, window: readonly StoredEvent[]): boolean {
  return window.some((event) => event !== suspect && event.leaf.equals(suspect.leaf));
}

function isCopyOfLast(position: Position, suspect: StoredEvent): boolean {
  return position.leaf?.equals(suspect.leaf) ?? false;
}

function about(event: StoredEvent): { ref: string } {
  return { ref: `${event.columns.doctype}/${event.columns.document_name}` };
}

function hashes(expected: Buffer, found: Buffer): { expected: string; found: string } {
  return { expected: expected.toString('hex'), found: found.toString('hex') };
}
