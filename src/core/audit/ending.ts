/** Judges the end of a trail against its head. Pure. */
import type { Fault } from './fault.js';
import type { ChainHead } from './head.js';
import { peakSizes } from './merkle.js';
import type { Position } from './walk.js';

/** The fault between the last stored entry and the head, if any. */
export function judgeEnding(position: Position, head: ChainHead): Fault | undefined {
  if (position.seq < head.seq) {
    const what = `The trail ends at entry ${position.seq}, its head tells of ${head.seq}`;
    return { kind: 'truncation', seq: position.seq + 1, what, expected: head.chain.toString('hex') };
  }
  const expected = position.chain.toString('hex');
  const range = firstChangedRange(position, head);
  if (range !== undefined) {
    const what = `The entries and the tree in the head differ between entry ${range.first} and entry ${range.last}`;
    return { kind: 'change', seq: range.first, what, expected, found: head.chain.toString('hex') };
  }
  if (head.chain.equals(position.chain)) return undefined;
  const what = `The head of the trail was changed: its checksum is not that of entry ${position.seq}`;
  return { kind: 'change', seq: position.seq, what, expected, found: head.chain.toString('hex') };
}

// The peaks of the frontier are roots of neighbouring ranges, so the first that differs tells where to look.
function firstChangedRange(position: Position, head: ChainHead): { first: number; last: number } | undefined {
  let first = 1;
  for (const [index, size] of peakSizes(position.seq).entries()) {
    const peak = head.frontier[index];
    if (peak === undefined || !peak.equals(position.frontier[index]!))
      return { first, last: first + size - 1 };
    first += size;
  }
  return undefined;
}
