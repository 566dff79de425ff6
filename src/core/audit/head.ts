/** The head of an organization's trail, and how entries are put behind it. Pure: no database, no clock. */
import { entryLeaf, genesis, link, type Sequenced } from './chain.js';
import { instantMicros, instantText } from './instant.js';
import { appendLeaf, type Frontier } from './merkle.js';

/** Where a trail stands after `seq` entries. Times are instant texts. */
export interface ChainHead {
  readonly organization: string;
  readonly seq: number;
  readonly chain: Buffer;
  readonly frontier: Frontier;
  readonly genesisAt: string;
  readonly lastAt: string;
}

/** An entry at its place, with its leaf hash, its chain value and the one before. */
export interface ChainedEntry extends Sequenced {
  readonly previous: Buffer;
  readonly leaf: Buffer;
  readonly chain: Buffer;
}

/** The head of a trail that begins at `now` and has no entry yet. */
export function emptyTrail(organization: string, now: string): ChainHead {
  return {
    organization,
    seq: 0,
    chain: genesis(organization, now),
    frontier: [],
    genesisAt: now,
    lastAt: now,
  };
}

/**
 * Puts bodies behind a head, in order. Every entry gets a time of its own, at least a microsecond after the one
 * before, so that time order and number order are the same even when the server's clock goes back.
 */
export function extendTrail(
  head: ChainHead,
  bodies: readonly Buffer[],
  now: string,
): { head: ChainHead; entries: ChainedEntry[] } {
  let { seq, chain, frontier, lastAt } = head;
  let micros = instantMicros(lastAt);
  const clock = instantMicros(now);
  const entries = bodies.map((body) => {
    micros = micros + 1n > clock ? micros + 1n : clock;
    lastAt = instantText(micros);
    const place = { organization: head.organization, seq: seq + 1, at: lastAt, body };
    const leaf = entryLeaf(place);
    const previous = chain;
    frontier = appendLeaf(frontier, seq, leaf);
    chain = link(previous, leaf);
    seq = place.seq;
    return { ...place, previous, leaf, chain };
  });
  return { head: { ...head, seq, chain, frontier, lastAt }, entries };
}
